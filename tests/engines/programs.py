"""Programs and processes of engines, from PATH or the folder of `make engine-tools`. They start on
loopback and are stopped by their id."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tools.checkout import ROOT

FETCHED = ROOT / ".tools" / "engines"
FOLDERS = ("usr/bin", "usr/sbin", "usr/lib/rabbitmq/bin", "usr/lib/erlang/bin")
"""Program folders of Debian's packages."""
DEADLINE_SECONDS = 900.0
"""Timeout of a start: an engine starts within ten seconds, Keycloak within half a minute (measured
on two idle cores), and within ten times as long on an overloaded machine. The wait stops when the
engine ends.
"""
POLL_SECONDS = 0.1

Process = subprocess.Popen[bytes]


def program(*names: str) -> Path:
    """Return the first program found. Skip the test without one."""
    path = os.pathsep.join(
        [os.environ.get("PATH", ""), "/usr/sbin", *(str(FETCHED / folder) for folder in FOLDERS)]
    )
    for name in names:
        if found := shutil.which(name, path=path):
            return Path(found)
    pytest.skip(
        f"{' or '.join(names)} is not installed. "
        "Run `make engine-tools`, which fetches Debian's without root, or add it to PATH"
    )


def environment(of: Path) -> dict[str, str]:
    """Return the environment of a program, with the libraries and programs that were fetched with
    it.
    """
    if FETCHED not in of.parents:
        return dict(os.environ)
    libraries = [
        str(folder)
        for folder in sorted(
            [*FETCHED.glob("usr/lib/*-linux-gnu"), *FETCHED.glob("lib/*-linux-gnu")]
        )
    ]
    path = [*(str(FETCHED / folder) for folder in FOLDERS), os.environ.get("PATH", "")]
    return {
        **os.environ,
        "LD_LIBRARY_PATH": os.pathsep.join(libraries),
        "PATH": os.pathsep.join(path),
    }


@contextmanager
def running(command: list[str], log: Path, variables: Mapping[str, str]) -> Iterator[Process]:
    """Run a program in its own session, and end the session by its id with all children.

    Args:
        command: the program and its arguments.
        log: file for its output.
        variables: its complete environment.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env=variables,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd=log.parent,
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until(
    ready: Callable[[], bool], wanted: str, log: Path | None = None, process: Process | None = None
) -> None:
    """Poll until the result is true; fail at the deadline, or when the process has ended, with the
    end of its log.
    """

    def end_of_log() -> str:
        return log.read_text(errors="replace")[-3000:] if log else ""

    until = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < until:
        with suppress(OSError):
            if ready():
                return
        if process and process.poll() is not None:
            pytest.fail(f"The engine ended before this: {wanted}\n{end_of_log()}")
        time.sleep(POLL_SECONDS)
    pytest.fail(f"Not within {DEADLINE_SECONDS:g} s: {wanted}\n{end_of_log()}")


def make_certificate(folder: Path) -> Path:
    """Create a self-signed certificate of localhost and return it; its key is `tls.key` in the same
    folder.
    """
    names = [
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-days",
        "1",
    ]
    key = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-keyout",
        str(folder / "tls.key"),
    ]
    usage = ["-addext", "keyUsage=critical,digitalSignature,keyCertSign"]
    certificate = folder / "tls.crt"
    command = [
        str(program("openssl")),
        "req",
        "-x509",
        *key,
        *names,
        *usage,
        "-out",
        str(certificate),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return certificate
