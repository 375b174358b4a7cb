"""Server of the console: `python console_server.py PORT`, by StackPort's own interpreter.

StackPort's command listens on all addresses, and its server answers pages of any origin. This one
listens on loopback, and answers its own pages only.
"""

import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from backend.main import app

Send = Callable[[dict[str, Any]], Awaitable[None]]


class OwnPagesOnly:
    """ASGI application that refuses requests of foreign pages and for foreign host names."""

    def __init__(self, port: int) -> None:
        self._hosts = {f"{name}:{port}".encode() for name in ("127.0.0.1", "localhost")}
        self._origins = {None, *(b"http://" + host for host in self._hosts)}

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        """Answers a request, or refuses it with 403."""
        headers = dict(scope.get("headers", ()))
        if scope["type"] == "lifespan" or (headers.get(b"host") in self._hosts and headers.get(b"origin") in self._origins):
            await app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await send({"type": "http.response.start", "status": 403, "headers": []})
            await send({"type": "http.response.body", "body": b"The console answers its own pages only.\n"})


def main(port: int) -> None:
    """Serves until SIGINT or SIGTERM."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            raise SystemExit(f"Port {port} is not available ({error.strerror}). Use another port, or omit the option.") from None
        listener.listen()
        port = listener.getsockname()[1]
        print(f"http://127.0.0.1:{port} shows the embedded AWS, read-only. Ctrl-C stops it.", flush=True)
        server = uvicorn.Server(uvicorn.Config(OwnPagesOnly(port), log_level="error", access_log=False))
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main(int(sys.argv[1]))
