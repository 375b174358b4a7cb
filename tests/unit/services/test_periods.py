"""Periodic work of examples/service."""

import runpy
from typing import Any

import pytest

from tools.checkout import ROOT

HOUR = 3600


class Clock:
    """Fake time and Redis keys that expire with it."""

    def __init__(self) -> None:
        self.now = 10.0 * HOUR
        self.keys: dict[str, float] = {}

    def set(self, name: str, _: str, *, ex: int, nx: bool = False) -> bool:
        if nx and self.keys.get(name, 0) > self.now:
            return False
        self.keys[name] = self.now + ex
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr("time.time", lambda: found.now)
    return found


def ask(clock: Clock, published: list[float], *, fails: bool = False) -> None:
    once: Any = runpy.run_path(str(ROOT / "examples" / "service" / "periods.py"))["once"]

    def publish() -> None:
        if fails:
            raise ConnectionError
        published.append(clock.now)

    once(clock, "web-api:digest", HOUR, publish)


def test_periodic_work_is_published_once(clock: Clock) -> None:
    published: list[float] = []
    for minute in range(125):
        clock.now = (10 + minute / 60) * HOUR
        ask(clock, published)
        ask(clock, published)
    assert [int(at) // HOUR for at in published] == [10, 11, 12]


def test_failed_periodic_work_is_retried(clock: Clock) -> None:
    published: list[float] = []
    with pytest.raises(ConnectionError):
        ask(clock, published, fails=True)
    ask(clock, published)
    assert published == []
    clock.now += 61
    ask(clock, published)
    assert published == [clock.now]
