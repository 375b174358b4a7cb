"""HTTP servers of tests on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseServer
from threading import Thread

POLL_SECONDS = 0.01
"""Seconds until a server ends. With the default of `serve_forever`, tests wait half a second."""


@contextmanager
def serving(server: BaseServer) -> Iterator[None]:
    """Serve requests in a thread, and close the server at the end."""
    Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
