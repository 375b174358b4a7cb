"""Access strings of the cache and the login of its rotation, with Redis."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from spotmusic_constructs.data.cache_users import access_string
from tests.engines.stores import redis

Ask = Callable[..., str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("redis")
    users = (
        "user default off -@all\n"
        f"user playback >secret {access_string('playback')}\n"
        f"user kong >secret {access_string('ratelimit')}\n"
    )
    with redis(folder, users) as found:
        (folder / "port").write_text(str(found.port))
        yield folder / "redis.sock"


def asking(path: Path, user: str | None) -> Ask:
    """Return a function that sends one command as a user and returns the first line of the
    response.
    """

    def ask(*words: str) -> str:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            replies = connection.makefile("rb")
            if user:
                connection.sendall(encoded("AUTH", user, "secret"))
                assert replies.readline() == b"+OK\r\n"
            connection.sendall(encoded(*words))
            return replies.readline().decode().strip()

    return ask


def encoded(*words: str) -> bytes:
    return f"*{len(words)}\r\n".encode() + b"".join(
        f"${len(word)}\r\n{word}\r\n".encode() for word in words
    )


@pytest.fixture
def cache(load_handler: Callable[[str, str], ModuleType]) -> ModuleType:
    return load_handler("credentials_handler", "cache")


@pytest.fixture
def playback(server: Path) -> Ask:
    return asking(server, "playback")


@pytest.mark.parametrize(
    "command",
    [
        ("SET", "playback:session:1", "x", "EX", "60"),
        ("INCRBY", "playback:count", "1"),
        ("PUBLISH", "playback:events", "x"),
        ("EVAL", "return redis.call('set', KEYS[1], '1')", "1", "playback:script"),
        ("INFO", "server"),
        ("PING",),
    ],
)
def test_cache_user_works_under_prefix(playback: Ask, command: tuple[str, ...]) -> None:
    assert not playback(*command).startswith("-"), command


@pytest.mark.parametrize(
    "command",
    [
        ("GET", "trends:top"),
        ("SET", "playbackx", "1"),
        ("PUBLISH", "trends:events", "x"),
        ("EVAL", "return redis.call('get', 'trends:top')", "0"),
        ("SCAN", "0"),
        ("RANDOMKEY",),
        ("KEYS", "*"),
        ("FLUSHALL",),
        ("CONFIG", "GET", "*"),
        ("ACL", "LIST"),
        ("FUNCTION", "FLUSH"),
        ("CLIENT", "LIST"),
        ("MONITOR",),
        ("SHUTDOWN",),
    ],
)
def test_cache_user_is_denied_elsewhere(playback: Ask, command: tuple[str, ...]) -> None:
    assert playback(*command).startswith(("-NOPERM", "-ERR")), command


def test_default_user_has_no_rights(server: Path) -> None:
    assert asking(server, None)("PING").startswith("-NOAUTH")


@pytest.mark.parametrize(("password", "refused"), [("secret", False), ("another", True)])
def test_rotation_proves_passwords_over_verified_tls(
    server: Path, cache: ModuleType, monkeypatch: pytest.MonkeyPatch, password: str, refused: bool
) -> None:
    monkeypatch.setenv("CACHE_HOST", "localhost")
    monkeypatch.setenv("CACHE_PORT", (server.parent / "port").read_text())
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        cache.log_in({"username": "kong", "password": password})
    monkeypatch.setenv("SSL_CERT_FILE", str(server.parent / "tls.crt"))
    if refused:
        with pytest.raises(cache.CacheError, match="WRONGPASS"):
            cache.log_in({"username": "kong", "password": password})
    else:
        cache.log_in({"username": "kong", "password": password})


def test_kong_counts_requests(server: Path) -> None:
    """A counter per window expires with it, as in the rate limiting plugin."""
    kong = asking(server, "kong")
    script = (
        "local n = redis.call('INCRBY', KEYS[1], ARGV[1]); "
        "redis.call('EXPIRE', KEYS[1], ARGV[2]); return n"
    )
    found = kong("EVAL", script, "1", "ratelimit:route:service:consumer:60:minute", "1", "60")
    assert found == ":1"
    assert kong("GET", "playback:count").startswith("-NOPERM")
