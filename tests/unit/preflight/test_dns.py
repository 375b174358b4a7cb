"""DNS queries for name servers, and responses of resolvers."""

import struct
from pathlib import Path

import pytest

from tools.preflight.dns import name_servers, question, servers_in

ASKED = question("music.example")


def answer(*records: bytes, code: int = 0) -> bytes:
    return ASKED[:2] + struct.pack("!5H", 0x8180 | code, 1, len(records), 0, 0) + ASKED[12:] + b"".join(records)


def record(name: bytes, *, kind: int = 2) -> bytes:
    return b"\xc0\x0c" + struct.pack("!2HIH", kind, 1, 60, len(name)) + name


def test_name_servers_follow_compression_pointers() -> None:
    direct = b"\x04NS-1\x09awsdns-01\x03org\x00"
    shared = b"\x04ns-2\xc0\x0c"
    assert servers_in(answer(record(direct), record(shared), record(b"\x00", kind=6))) == {"ns-1.awsdns-01.org", "ns-2.music.example"}


def test_undelegated_domain_has_no_servers() -> None:
    assert servers_in(answer(code=3)) == set()


@pytest.mark.parametrize(
    "message", [b"", answer(code=2), answer(record(b"\xc0\x0c"))[:-1], b"\0" * 40, answer(record(b"\xc0\x2b\xc0\x2b"))]
)
def test_invalid_dns_response_raises(message: bytes) -> None:
    with pytest.raises(OSError, match="resolver"):
        servers_in(message)


def test_missing_resolver_raises(tmp_path: Path) -> None:
    configuration = tmp_path / "resolv.conf"
    configuration.write_text("search example\n")
    with pytest.raises(OSError, match="names no resolver"):
        name_servers("music.example", configuration=configuration)
