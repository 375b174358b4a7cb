"""Account of an environment, and validation of its templates (docs/adr/0025)."""

import gc
import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import aws_cdk as cdk
import pytest

from stacks import compliance
from tests.conftest import ROOT, sample_of
from tools import synth

VALIDATOR = "CloudFormation Validate"
ECHO = "import json, os; json.dump({key: of for key, of in os.environ.items() if key[:4] == 'CDK_'}, open('told', 'w'))"


@pytest.fixture(scope="module")
def app() -> ModuleType:
    from stacks import app

    gc.enable()  # The application disables the garbage collector.
    return app


@pytest.mark.parametrize(
    ("environment", "logged_in", "chosen", "expected"),
    [
        ("dev", "444455556666", None, "444455556666"),
        ("dev", None, None, None),
        ("prod", "444455556666", None, "111122223333"),
        ("prod", None, None, "111122223333"),
        ("prod", "444455556666", "000000000000", "000000000000"),
    ],
)
def test_account_is_context_then_file_then_credentials(
    *, app: ModuleType, monkeypatch: pytest.MonkeyPatch, environment: str, logged_in: str | None, chosen: str | None, expected: str | None
) -> None:
    monkeypatch.delenv("CDK_DEFAULT_ACCOUNT", raising=False)
    if logged_in:
        monkeypatch.setenv("CDK_DEFAULT_ACCOUNT", logged_in)
    assert app._with_account(sample_of(environment), chosen).account == expected


@pytest.mark.parametrize(
    ("environment", "cdk_validation", "asked", "judged"),
    [
        ("dev", "false", None, False),
        ("dev", None, None, True),
        ("dev", "false", "true", True),
        ("prod", "false", None, True),
        ("prod", None, None, True),
        ("prod", "false", "false", False),
        ("prod", None, False, False),
    ],
)
def test_production_is_validated_by_default(
    *,
    app: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    environment: str,
    cdk_validation: str | None,
    asked: str | bool | None,
    judged: bool,
) -> None:
    monkeypatch.delenv("CDK_VALIDATION")
    if cdk_validation:
        monkeypatch.setenv("CDK_VALIDATION", cdk_validation)
    assert app.is_judged(sample_of(environment), asked=asked) is judged


def told(command: str, folder: Path) -> dict[str, str]:
    """Variables that the CLI gives the application."""
    cli = shutil.which("cdk", path=f"{ROOT / 'node_modules' / '.bin'}:{os.environ['PATH']}")
    if cli is None:
        pytest.skip("needs the CDK CLI: make setup")
    (folder / "echo.py").write_text(ECHO)
    settings = {**json.loads((ROOT / "cdk.json").read_text()), "app": f"{sys.executable} echo.py"}
    (folder / "cdk.json").write_text(json.dumps(settings))
    variables = {name: value for name, value in os.environ.items() if name != "CDK_VALIDATION"}
    subprocess.run([cli, "--no-notices", command], cwd=folder, env=variables, capture_output=True, check=False)
    return dict(json.loads((folder / "told").read_text()))


@pytest.mark.parametrize("command", ["ls", "diff", "deploy"])
def test_inner_loop_is_not_validated(tmp_path: Path, command: str) -> None:
    assert told(command, tmp_path)["CDK_VALIDATION"] == "false"


def test_make_synth_equals_cdk_synth(tmp_path: Path) -> None:
    """The CLI validates, and gives the context that tools/synth.py gives."""
    variables = told("synth", tmp_path)
    context = json.loads(variables["CDK_CONTEXT_JSON"])
    assert "CDK_VALIDATION" not in variables
    assert {key: value for key, value in context.items() if key.startswith("aws:cdk:")} == synth.OF_THE_CLI


@pytest.mark.parametrize("validator", [False, True])
def test_registered_validator_ignores_cdk_validation(tmp_path: Path, validator: bool) -> None:
    app = cdk.App(outdir=str(tmp_path))
    compliance.register(app, validator=validator)
    cdk.CfnResource(cdk.Stack(app, "Stack"), "Bucket", type="AWS::S3::Bucket", properties={"BucketName": 1})
    with suppress(RuntimeError):
        app.synth()
    reports = json.loads((tmp_path / "validation-report.json").read_text())["pluginReports"]
    assert any(VALIDATOR in report["pluginName"] for report in reports) is validator
