"""Verdict on templates during a deployment."""

from collections.abc import Callable
from concurrent.futures import Future
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from tools.local_aws import process
from tools.local_aws.cli import CliError
from tools.local_aws.deployment import LocalDeployment
from tools.local_aws.gate import RejectedTemplateError
from tools.local_aws.progress import Steps
from tools.local_aws.workspace import RunningEmulator, Workspace

EMULATOR = RunningEmulator(pid=0, port=1, started="")


class Cli:
    """CLI with a failed deployment, after cfn-lint rejected a template in the meantime."""

    def __init__(self, verdict: "Future[int]") -> None:
        self.verdict = verdict
        self.is_polled = False

    def deploy(self, *_selection: str, while_running: Callable[[], None], **_options: Any) -> None:
        while_running()
        self.verdict.set_exception(RejectedTemplateError("Typo"))
        if self.is_polled:
            while_running()
            pytest.fail("The deployment continues.")
        raise CliError("failed")


@pytest.fixture(autouse=True)
def _without_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "stack_states", lambda _emulator: [])


@pytest.mark.parametrize("is_polled", [True, False])
def test_rejected_template_ends_deployment(
    is_polled: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    verdict: Future[int] = Future()
    cli = Cli(verdict)
    cli.is_polled = is_polled
    monkeypatch.setattr(LocalDeployment, "_cli", lambda *_: cli)
    deployment = LocalDeployment(
        workspace=Workspace(tmp_path), environment="dev", region="sa-east-1"
    )
    with pytest.raises(RejectedTemplateError, match="Typo"):
        deployment._deploy(EMULATOR, [], "dev/*", verdict)


def test_known_rejection_precedes_deployment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    verdict: Future[int] = Future()
    verdict.set_exception(RejectedTemplateError("Typo"))
    monkeypatch.setattr(LocalDeployment, "_cli", lambda *_: pytest.fail("It is deployed."))
    deployment = LocalDeployment(
        workspace=Workspace(tmp_path), environment="dev", region="sa-east-1"
    )
    with pytest.raises(RejectedTemplateError, match="Typo"):
        deployment._deploy(EMULATOR, [], "dev/*", verdict)


@pytest.mark.parametrize("is_done", [True, False])
def test_deployment_reports_wait_for_cfn_lint(is_done: bool, tmp_path: Path) -> None:
    verdict = Future[int]()

    class Output(StringIO):
        def flush(self) -> None:
            """Ends the wait after its report."""
            if not verdict.done():
                verdict.set_result(8)

    output = Output()
    if is_done:
        verdict.set_result(8)
    deployment = LocalDeployment(
        workspace=Workspace(tmp_path),
        environment="dev",
        region="sa-east-1",
        steps=Steps(output=output),
    )
    deployment._await(verdict)
    assert ("waiting for cfn-lint" in output.getvalue()) is not is_done
    assert "cfn-lint accepts 8 templates" in output.getvalue()
