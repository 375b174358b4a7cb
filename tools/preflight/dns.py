"""DNS query for the name servers of a domain, sent to this machine's resolver (RFC 1035)."""

import re
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

NS, INTERNET, RECURSION_DESIRED, PORT = 2, 1, 0x0100, 53
TIMEOUT_SECONDS = 3.0
LARGEST = 4096
"""Maximum bytes of a response; a plain DNS response over UDP has at most 512 (RFC 1035, 4.2.1)."""
_HEADER = struct.Struct("!6H")
_QUERY_ID = 0x5350


def name_servers(domain: str, *, configuration: Path = Path("/etc/resolv.conf")) -> set[str]:
    """Returns the name servers of a domain in lower case without a final dot; empty if it is not
    delegated.

    Args:
        domain: name of the domain.
        configuration: file with the resolvers.

    Raises:
        OSError: if no resolver is configured, or none responds within three seconds.
    """
    resolvers = re.findall(r"^nameserver\s+(\S+)", configuration.read_text(), flags=re.MULTILINE)
    if not resolvers:
        raise OSError(f"{configuration} names no resolver")
    with socket.socket(socket.AF_INET6 if ":" in resolvers[0] else socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.settimeout(TIMEOUT_SECONDS)
        asked.connect((resolvers[0], PORT))
        asked.send(question(domain))
        return servers_in(asked.recv(LARGEST))


def question(domain: str) -> bytes:
    """Returns the query for the name servers of a domain."""
    labels = b"".join(bytes([len(label)]) + label.encode("ascii") for label in domain.rstrip(".").split("."))
    return _HEADER.pack(_QUERY_ID, RECURSION_DESIRED, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", NS, INTERNET)


def servers_in(message: bytes) -> set[str]:
    """Returns the names in the NS records of a response.

    Raises:
        OSError: if the message is not a response to the query.
    """
    try:
        return set(_servers(message))
    except (IndexError, struct.error, UnicodeDecodeError):
        raise OSError("the resolver's response is invalid") from None


def _servers(message: bytes) -> Iterator[str]:
    query_id, flags, questions, answers, _, _ = _HEADER.unpack_from(message)
    code = flags & 0xF
    if query_id != _QUERY_ID or code not in (0, 3):  # 3: NXDOMAIN
        raise OSError(f"the resolver responded with code {code}")
    at = _HEADER.size
    for _ in range(questions):
        at = _name(message, at)[1] + 4
    for _ in range(answers):
        at = _name(message, at)[1]
        kind, _, _, length = struct.unpack_from("!2HIH", message, at)
        at += 10
        if kind == NS:
            yield _name(message, at)[0].lower()
        at += length


def _name(message: bytes, at: int) -> tuple[str, int]:
    """Returns the name at an offset, with pointers resolved, and the offset after it."""
    labels: list[str] = []
    end = None
    for _ in range(len(message)):
        length = message[at]
        if length >= 0xC0:
            end = end or at + 2
            at = (length & 0x3F) << 8 | message[at + 1]
        elif length:
            labels.append(message[at + 1 : at + 1 + length].decode("ascii"))
            at += 1 + length
        else:
            return ".".join(labels), end or at + 1
    raise IndexError("the pointers of the message are invalid")
