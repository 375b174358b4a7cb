"""Server of the console: `python console_server.py PORT`, with StackPort's interpreter.

StackPort's command listens on all addresses, and its server accepts requests from pages of any
origin. This server listens on loopback and accepts requests from pages of this machine only.
"""

import socket
import sys

import uvicorn
from backend.main import app

from tools.local_aws.own_pages import own_pages_only


def main(port: int) -> None:
    """Serve until SIGINT or SIGTERM."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            raise SystemExit(
                f"Port {port} is not available ({error.strerror}). "
                "Use another port, or omit the option."
            ) from None
        listener.listen()
        print(
            f"http://127.0.0.1:{listener.getsockname()[1]} shows the embedded AWS, read-only. "
            "Ctrl-C stops it.",
            flush=True,
        )
        server = uvicorn.Server(
            uvicorn.Config(own_pages_only(app), log_level="error", access_log=False)
        )
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main(int(sys.argv[1]))
