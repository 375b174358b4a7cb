"""Ports for programs that take a number and bind it themselves, some seconds later."""

import random
import socket
from pathlib import Path

_FIRST = 10_000
# Where Linux begins with ports of its own choice (net.ipv4.ip_local_port_range, its default); other systems begin higher.
_CHOSEN_BY_LINUX = 32_768
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def quiet_ports(number: int) -> list[int]:
    """Free ports of loopback that the system gives to nobody who does not name them.

    A port that was given by the system and let go may be the end of somebody's connection before the program gets to it.

    Args:
        number: how many, all of them different.
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
            except OSError:  # somebody's who named it
                listener.close()
                continue
            sockets.append(listener)
        return [int(listener.getsockname()[1]) for listener in sockets]
    finally:
        for listener in sockets:
            listener.close()


def _first_of_the_system() -> int:
    first = int(_RANGE.read_text().split()[0]) if _RANGE.exists() else _CHOSEN_BY_LINUX
    return first if first > 2 * _FIRST else _CHOSEN_BY_LINUX  # a system that gives nearly all leaves nothing better
