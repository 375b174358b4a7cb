"""Stores that hold still on demand, with TLS on loopback."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from spotmusic_cdk.local.ports import quiet_ports
from tests.engines.programs import Process, environment, make_certificate, program, running, wait_until
from tests.engines.test_database import answers, messages, prepare


@dataclass
class Engine:
    """A server of a store."""

    port: int
    process: Process
    folder: Path

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Holds it, so that it takes connections and never answers."""
        os.killpg(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.process.pid, signal.SIGCONT)


@contextmanager
def redis(folder: Path, users: str) -> Iterator[Engine]:
    """Starts Redis with lines of its file of users; its socket is for its administrator."""
    (folder / "users.acl").write_text(f"user default on nopass ~* &* +@all\n{users}")
    server, certificate, log = program("redis-server", "valkey-server"), make_certificate(folder), folder / "log"
    (port,) = quiet_ports(1)
    tls = [
        "--tls-port",
        str(port),
        "--tls-cert-file",
        str(certificate),
        "--tls-key-file",
        str(folder / "tls.key"),
        "--tls-auth-clients",
        "no",
    ]
    own = ["--bind", "127.0.0.1", "--port", "0", "--unixsocket", str(folder / "redis.sock"), "--dir", str(folder), "--save", ""]
    with running([str(server), *own, *tls, "--aclfile", str(folder / "users.acl")], log, environment(server)) as process:
        wait_until((folder / "redis.sock").exists, "Redis takes connections", log, process)
        yield Engine(port, process, folder)


@contextmanager
def mariadb(folder: Path, statements: str) -> Iterator[Engine]:
    """Starts MariaDB, which runs statements first; its user `master` may do everything."""
    server, certificate, log = program("mariadbd"), make_certificate(folder), folder / "log"
    (port,) = quiet_ports(1)
    master = "CREATE USER master@'%' IDENTIFIED BY 'master';\nGRANT ALL ON *.* TO master@'%';\n"
    (folder / "init.sql").write_text(f"FLUSH PRIVILEGES;\n{master}{statements}")
    command = [str(server), "--no-defaults", f"--datadir={folder / 'data'}", f"--lc-messages-dir={messages(server)}"]
    command += ["--user=root"] if os.geteuid() == 0 else []
    prepare(command, server, folder)
    own = [
        "--skip-name-resolve",
        "--bind-address=127.0.0.1",
        f"--port={port}",
        f"--socket={folder / 'socket'}",
        f"--pid-file={folder / 'pid'}",
    ]
    tls = [f"--ssl-cert={certificate}", f"--ssl-key={folder / 'tls.key'}", f"--init-file={folder / 'init.sql'}"]
    with running([*command, *own, *tls], log, environment(server)) as process:
        wait_until(lambda: answers(port), "MariaDB takes connections", log, process)
        yield Engine(port, process, folder)
