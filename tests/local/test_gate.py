"""Verdict on templates during a deployment."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from io import StringIO
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.local.stacks import stack_of
from tools.lint_verdicts import LintError
from tools.local_aws import gate, process
from tools.local_aws.cli import CliError
from tools.local_aws.deployment import LocalDeployment
from tools.local_aws.gate import RejectedTemplateError, judging
from tools.local_aws.progress import Steps
from tools.local_aws.workspace import RunningEmulator, Workspace

EMULATOR = RunningEmulator(pid=0, port=1, started="")


class Cli:
    """CLI with a failed deployment, after cfn-lint rejected a template in the meantime."""

    def __init__(self, verdict: "Future[int]", *, is_polled: bool) -> None:
        self.verdict, self.is_polled = verdict, is_polled

    def deploy(self, *_selection: str, while_running: Callable[[], None], **_options: Any) -> None:
        while_running()
        self.verdict.set_exception(RejectedTemplateError("Typo"))
        if self.is_polled:
            while_running()
            pytest.fail("The deployment continues.")
        raise CliError("failed")


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalDeployment:
    """Deployment without an emulator."""
    monkeypatch.setattr(process, "stack_states", lambda _emulator: [])
    return LocalDeployment(workspace=Workspace(tmp_path), environment="dev", region="sa-east-1")


@pytest.mark.parametrize("is_polled", [True, False])
def test_rejected_template_ends_deployment(
    is_polled: bool, deployment: LocalDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict: Future[int] = Future()
    cli = Cli(verdict, is_polled=is_polled)
    monkeypatch.setattr(LocalDeployment, "_cli", lambda *_: cli)
    with pytest.raises(RejectedTemplateError, match="Typo"):
        deployment._deploy(EMULATOR, [], "dev/*", verdict)


def test_known_rejection_precedes_deployment(
    deployment: LocalDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict: Future[int] = Future()
    verdict.set_exception(RejectedTemplateError("Typo"))
    monkeypatch.setattr(LocalDeployment, "_cli", lambda *_: pytest.fail("It is deployed."))
    with pytest.raises(RejectedTemplateError, match="Typo"):
        deployment._deploy(EMULATOR, [], "dev/*", verdict)


@pytest.mark.parametrize("is_done", [True, False])
def test_deployment_reports_wait_for_cfn_lint(is_done: bool, deployment: LocalDeployment) -> None:
    verdict = Future[int]()

    class Output(StringIO):
        def flush(self) -> None:
            """End the wait after its report."""
            if not verdict.done():
                verdict.set_result(8)

    output = Output()
    if is_done:
        verdict.set_result(8)
    deployment.steps = Steps(output=output)
    deployment._await(verdict)
    assert ("waiting for cfn-lint" in output.getvalue()) is not is_done
    assert "cfn-lint accepts 8 templates" in output.getvalue()


def test_failure_ends_linters_that_start_late(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    linters: list[subprocess.Popen[str]] = []

    def late(*_: object, running: "list[subprocess.Popen[str]]", **__: object) -> NoReturn:
        time.sleep(0.3)
        linters.append(
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(5)"], text=True)
        )
        running += linters
        linters[0].wait()
        raise LintError

    monkeypatch.setattr(gate, "verdicts", late)
    with pytest.raises(InterruptedError), judging([stack_of()], checkout=tmp_path):
        raise InterruptedError
    assert linters[0].returncode == -signal.SIGKILL
