"""Console of the embedded AWS: StackPort with an endpoint without a server."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.local.foreign_requests import FOREIGN, ask
from tools.checkout import ROOT
from tools.local_aws import console
from tools.local_aws.console import INTERPRETER, NoConsoleError, serve
from tools.local_aws.workspace import Workspace

UNUSED = "http://127.0.0.1:9"
"""Endpoint without a server."""


def test_console_names_its_installation(tmp_path: Path) -> None:
    with pytest.raises(NoConsoleError, match="Run `make console`"):
        serve(Workspace(tmp_path), UNUSED, region="sa-east-1")


def test_console_knows_both_regions(tmp_path: Path) -> None:
    console._write_endpoints(tmp_path, UNUSED, "sa-east-1")
    saved = json.loads((tmp_path / "endpoints.json").read_text())
    assert {name: entry["url"] for name, entry in saved["endpoints"].items()} == dict.fromkeys(
        ("sa-east-1", "us-east-1"), UNUSED
    )


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    """Port and process of a console."""
    if not (ROOT / INTERPRETER).exists():
        pytest.skip("StackPort is not installed. `make console` installs it")
    checkout = tmp_path_factory.mktemp("checkout")
    (checkout / ".tools").symlink_to(ROOT / ".tools")
    code = (
        "from pathlib import Path; from tools.local_aws.console import serve; "
        "from tools.local_aws.workspace import Workspace; "
        f"serve(Workspace(Path({str(checkout)!r})), '{UNUSED}', region='sa-east-1')"
    )
    variables = {**os.environ, "AWS_PROFILE": "of-the-user"}
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout
        found = re.match(r"http://127\.0\.0\.1:(\d+) ", process.stdout.readline())
        try:
            assert found
            yield int(found[1]), process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def test_console_serves_its_page(served: tuple[int, object]) -> None:
    status, page = ask(served[0], "GET", "/")
    assert (status, "<html" in page) == (200, True)


def test_console_listens_on_loopback_only(served: tuple[int, object]) -> None:
    """A server on all addresses would listen on this one as well."""
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.2", served[0])) != 0


def test_console_is_read_only(served: tuple[int, object]) -> None:
    assert ask(served[0], "DELETE", "/api/s3/buckets/audio")[0] == 403


@pytest.mark.parametrize("headers", FOREIGN)
def test_console_refuses_foreign_pages(served: tuple[int, object], headers: dict[str, str]) -> None:
    assert ask(served[0], "GET", "/api/endpoints", **headers)[0] == 403


def test_console_ends_with_ctrl_c(served: tuple[int, "subprocess.Popen[str]"]) -> None:
    process = served[1]
    os.killpg(process.pid, signal.SIGINT)  # like a terminal
    assert process.wait(60) == 0
