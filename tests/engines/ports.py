"""Free ports for programs that take a port number and bind it seconds later."""

import random
import socket
from pathlib import Path

_FIRST = 10_000
# First ephemeral port of Linux (default of net.ipv4.ip_local_port_range); other systems begin
# higher.
_CHOSEN_BY_LINUX = 32_768
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def quiet_ports(number: int) -> list[int]:
    """Return free loopback ports outside of the system's ephemeral range.

    The system may assign a released ephemeral port to a connection before the program binds it.

    Args:
        number: number of distinct ports.
    """
    candidates = random.SystemRandom().sample(range(_FIRST, _first_of_the_system()), 50 * number)
    sockets: list[socket.socket] = []
    try:
        for port in candidates:
            if len(sockets) == number:
                break
            listener = socket.socket()
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:  # bound by another program
                listener.close()
                continue
            sockets.append(listener)
        return [int(listener.getsockname()[1]) for listener in sockets]
    finally:
        for listener in sockets:
            listener.close()


def _first_of_the_system() -> int:
    first = int(_RANGE.read_text().split()[0]) if _RANGE.exists() else _CHOSEN_BY_LINUX
    # The ephemeral range covers nearly all ports.
    return first if first > 2 * _FIRST else _CHOSEN_BY_LINUX
