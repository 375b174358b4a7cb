"""Lambda function that rotates passwords in ElastiCache, and its login."""

import socket
import ssl
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

CURRENT = {"username": "playback", "password": "first", "user_id": "playback-1a2b3c4d"}
PENDING = {**CURRENT, "password": "second"}


@pytest.fixture
def cache(load_handler: Callable[[str, str], ModuleType]) -> ModuleType:
    return load_handler("credentials_handler", "cache")


class FakeElastiCache:
    """ElastiCache user that becomes active `polls` calls after each change."""

    def __init__(self, polls: int = 0) -> None:
        self.polls = self.left = polls
        self.passwords: list[str] = ["first"]

    def describe_users(self, *, UserId: str) -> dict[str, Any]:  # noqa: N803
        assert UserId == "playback-1a2b3c4d"
        self.left -= 1
        return {"Users": [{"Status": "active" if self.left < 0 else "modifying"}]}

    def modify_user(self, *, UserId: str, Passwords: list[str]) -> None:  # noqa: N803
        assert UserId == "playback-1a2b3c4d"
        assert self.left < 0, "ElastiCache refuses to change a user that is being changed"
        self.passwords, self.left = Passwords, self.polls


@pytest.fixture(autouse=True)
def no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)


def test_rotation_keeps_current_password_valid(cache: ModuleType) -> None:
    elasticache = FakeElastiCache(polls=3)
    store = cache.store(elasticache, lambda _pending: None, lambda: 600)
    for _ in range(2):
        store.accept(CURRENT, PENDING)
        assert elasticache.passwords == ["second", "first"]


def test_cache_handler_stops_before_timeout(cache: ModuleType) -> None:
    store = cache.store(FakeElastiCache(polls=1000), lambda _pending: None, lambda: 9)
    with pytest.raises(cache.CacheError, match="not active yet"):
        store.accept(CURRENT, PENDING)


def test_cache_handler_tests_pending_password(cache: ModuleType) -> None:
    tried: list[str] = []
    cache.store(
        FakeElastiCache(), lambda pending: tried.append(pending["password"]), lambda: 600
    ).prove(PENDING)
    assert tried == ["second"]


@pytest.mark.parametrize(
    ("reply", "refused"),
    [(b"+OK\r\n", False), (b"-WRONGPASS invalid username-password pair\r\n", True), (b"", True)],
)
def test_cache_handler_sends_redis_protocol(cache: ModuleType, reply: bytes, refused: bool) -> None:
    client_socket, server_socket = socket.socketpair()
    with client_socket, server_socket:
        server_socket.sendall(reply)
        server_socket.shutdown(socket.SHUT_WR)
        if refused:
            with pytest.raises(cache.CacheError, match="AUTH of playback"):
                cache.authenticate(client_socket, PENDING)
        else:
            cache.authenticate(client_socket, PENDING)
        assert server_socket.recv(1000) == b"*3\r\n$4\r\nAUTH\r\n$8\r\nplayback\r\n$6\r\nsecond\r\n"


def test_cache_login_verifies_server(cache: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def wrap(
        context: ssl.SSLContext, plain: socket.socket, *, server_hostname: str
    ) -> socket.socket:
        seen.append((context.verify_mode, context.check_hostname, server_hostname))
        return plain

    client_socket, server_socket = socket.socketpair()
    monkeypatch.setenv("CACHE_HOST", "cache.example")
    monkeypatch.setenv("CACHE_PORT", "6379")
    monkeypatch.setattr(socket, "create_connection", lambda _address, timeout: client_socket)
    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", wrap)
    with server_socket:
        server_socket.sendall(b"+OK\r\n")
        cache.log_in(PENDING)
    assert seen == [(ssl.CERT_REQUIRED, True, "cache.example")]
