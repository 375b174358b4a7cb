"""What a user of the cache may do, asked of a real server where one is installed."""

import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from spotmusic_constructs.data.cache_users import access_string

SERVER = shutil.which("redis-server") or shutil.which("valkey-server")
READY = "ready to accept connections"
Ask = Callable[..., str]

pytestmark = pytest.mark.skipif(SERVER is None, reason="neither redis-server nor valkey-server is installed")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("redis")
    (folder / "users.acl").write_text(
        f"user default off -@all\nuser playback >secret {access_string('playback')}\nuser kong >secret {access_string('ratelimit')}\n"
    )
    path = folder / "redis.sock"
    command = [str(SERVER), "--port", "0", "--unixsocket", str(path), "--aclfile", str(folder / "users.acl"), "--save", ""]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            # It says when; that its socket exists would not yet mean that it takes connections.
            assert process.stdout is not None
            told = until_ready(process.stdout)
            assert READY in told.lower(), f"the server refuses the access strings:\n{told}"
            yield path
        finally:
            process.kill()


def until_ready(output: IO[str]) -> str:
    """Everything that a server says until it takes connections, or until it ends."""
    told = ""
    while READY not in told.lower() and (line := output.readline()):
        told += line
    return told


def asking(path: Path, user: str | None) -> Ask:
    """Gives a function that sends one command as a user and returns the first line of the answer."""

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
    return f"*{len(words)}\r\n".encode() + b"".join(f"${len(word)}\r\n{word}\r\n".encode() for word in words)


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
def test_a_user_does_its_work_under_its_prefix(playback: Ask, command: tuple[str, ...]) -> None:
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
def test_a_user_reaches_neither_others_nor_the_server(playback: Ask, command: tuple[str, ...]) -> None:
    assert playback(*command).startswith(("-NOPERM", "-ERR")), command


def test_the_default_user_gets_nowhere(server: Path) -> None:
    assert asking(server, None)("PING").startswith("-NOAUTH")


def test_kong_counts_requests(server: Path) -> None:
    """As its plugin does: a counter for each window, that expires with it."""
    kong = asking(server, "kong")
    script = "local n = redis.call('INCRBY', KEYS[1], ARGV[1]); redis.call('EXPIRE', KEYS[1], ARGV[2]); return n"
    assert kong("EVAL", script, "1", "ratelimit:route:service:consumer:60:minute", "1", "60") == ":1"
    assert kong("GET", "playback:count").startswith("-NOPERM")
