"""Stores with TLS on loopback that can be suspended."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pymysql
import pytest

from tests.engines.ports import quiet_ports
from tests.engines.programs import (
    FETCHED,
    Process,
    environment,
    make_certificate,
    program,
    running,
    wait_until,
)

ADMINISTRATOR = "user default on nopass ~* &* +@all\n"
"""Line of Redis' users file that allows everything to unauthenticated clients."""
MASTER = (
    "CREATE USER master@'%' IDENTIFIED BY 'master';\n"
    "GRANT ALL ON *.* TO master@'%' WITH GRANT OPTION;\n"
)
"""Statements that create a superuser of MySQL."""


@dataclass
class Engine:
    """Server of a store."""

    port: int
    process: Process
    folder: Path

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Suspend the server: it accepts connections but does not respond."""
        os.killpg(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.process.pid, signal.SIGCONT)


@contextmanager
def redis(folder: Path, users: str) -> Iterator[Engine]:
    """Start Redis with its users file, with TLS on its port and none on the socket `redis.sock`."""
    (folder / "users.acl").write_text(users)
    server, certificate, log = (
        program("redis-server", "valkey-server"),
        make_certificate(folder),
        folder / "log",
    )
    (port,) = quiet_ports(1)
    tls = [
        "--tls-port",
        str(port),
        "--tls-cert-file",
        str(certificate),
        "--tls-key-file",
        str(folder / "tls.key"),
    ]
    tls += ["--tls-auth-clients", "no"]
    own = [
        "--bind",
        "127.0.0.1",
        "--port",
        "0",
        "--unixsocket",
        str(folder / "redis.sock"),
        "--dir",
        str(folder),
        "--save",
        "",
    ]
    with running(
        [str(server), *own, *tls, "--aclfile", str(folder / "users.acl")], log, environment(server)
    ) as process:
        wait_until(lambda: listens(folder / "redis.sock"), "Redis takes connections", log, process)
        yield Engine(port, process, folder)


def listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(path)) == 0


@contextmanager
def mysql(folder: Path, statements: str, *options: str) -> Iterator[Engine]:
    """Start MySQL with additional options and initial statements."""
    root = FETCHED.parent / "mysql"
    loader = next(iter(root.glob("usr/lib/*-linux-gnu/ld-linux-*")), None)
    if not loader:
        pytest.skip(
            "MySQL is not installed. Run `make engine-tools`, which fetches that of Debian unstable"
        )
    certificate, log = make_certificate(folder), folder / "log"
    (port,) = quiet_ports(1)
    (folder / "init.sql").write_text(statements)
    # With the loader and libraries of the same release: those of this machine are older.
    command = [
        str(loader),
        "--library-path",
        str(loader.parent),
        str(root / "usr/sbin/mysqld"),
        "--no-defaults",
    ]
    command += [
        f"--lc-messages-dir={root / 'usr/share/mysql'}",
        f"--plugin-dir={root / 'usr/lib/mysql/plugin'}",
    ]
    command += [f"--character-sets-dir={root / 'usr/share/mysql/charsets'}"]
    # As root, the server starts only with an explicit user.
    command += ["--user=root"] if os.geteuid() == 0 else []
    shutil.copytree(new_data(*command).name, folder / "data")
    own = [
        "--mysqlx=OFF",
        "--secure-file-priv=NULL",
        "--skip-name-resolve",
        "--bind-address=127.0.0.1",
        f"--port={port}",
    ]
    own += [
        f"--datadir={folder / 'data'}",
        f"--socket={folder / 'socket'}",
        f"--pid-file={folder / 'pid'}",
        f"--init-file={folder / 'init.sql'}",
    ]
    tls = [
        f"--ssl-ca={certificate}",
        f"--ssl-cert={certificate}",
        f"--ssl-key={folder / 'tls.key'}",
    ]
    with running([*command, *own, *tls, *options], log, dict(os.environ)) as process:
        wait_until(lambda: answers(port), "MySQL takes connections", log, process)
        yield Engine(port, process, folder)


@cache
def new_data(*command: str) -> TemporaryDirectory[str]:
    """Create the data folder of a new server once: this takes longer than a server's start."""
    folder = TemporaryDirectory(prefix="mysql-")
    done = subprocess.run(
        [*command, f"--datadir={folder.name}", "--initialize-insecure"],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
    return folder


def answers(port: int) -> bool:
    try:
        pymysql.connect(host="127.0.0.1", port=port, user="nobody", password="").close()
    except pymysql.err.OperationalError as error:
        # The server runs if it rejects a user or a missing TLS.
        return error.args[0] not in (2003, 2013)
    return True
