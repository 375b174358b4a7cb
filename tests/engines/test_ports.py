"""Ports that are free until a program binds them."""

import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.engines import ports


def test_quiet_ports_are_distinct_and_bindable() -> None:
    found = ports.quiet_ports(5)
    assert len(set(found)) == 5
    with ExitStack() as bound:
        for port in found:
            bound.enter_context(socket.create_server(("127.0.0.1", port)))


@pytest.mark.skipif(
    not Path("/proc/sys/net/ipv4/ip_local_port_range").exists(),
    reason="only Linux publishes its range of ephemeral ports",
)
def test_quiet_ports_are_not_ephemeral() -> None:
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    if first <= 20_000:
        pytest.skip("nearly all ports of this system are ephemeral")
    assert max(ports.quiet_ports(5)) < first


def test_quiet_ports_skip_bound_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", ports.quiet_ports(1)[0])) as other:
        taken = other.getsockname()[1]
        free = ports.quiet_ports(1)[0]
        monkeypatch.setattr("random.SystemRandom.sample", lambda *_arguments: [taken, free])
        assert ports.quiet_ports(1) == [free]
