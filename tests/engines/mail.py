"""Mail server on loopback, and the link in a mail of Keycloak."""

import email
import re
from email.policy import default
from queue import Queue
from socketserver import StreamRequestHandler, ThreadingTCPServer

SECONDS = 60


class MailServer(ThreadingTCPServer):
    """SMTP server that keeps the mails (RFC 5321), without TLS and login."""

    daemon_threads = True

    def __init__(self) -> None:
        self.mails: Queue[bytes] = Queue()
        super().__init__(("127.0.0.1", 0), _Session)

    @property
    def settings(self) -> dict[str, str]:
        """Entry `smtpServer` of a realm."""
        port = str(self.server_address[1])
        return {"host": "127.0.0.1", "port": port, "from": "no-reply@spotmusic.example"}

    def link(self) -> str:
        """Return the link of the next mail."""
        mail = email.message_from_bytes(self.mails.get(timeout=SECONDS), policy=default)
        body = mail.get_body(("plain",))
        assert body
        (found,) = re.findall(r"https://\S+", body.get_content())
        return str(found)


class _Session(StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self.wfile.write(b"220 localhost\r\n")
        while line := self.rfile.readline():
            if line.upper().startswith(b"DATA"):
                self.wfile.write(b"354 go on\r\n")
                self.server.mails.put(b"".join(iter(self.rfile.readline, b".\r\n")))
            self.wfile.write(b"250 done\r\n")
