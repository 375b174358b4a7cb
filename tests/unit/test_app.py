"""Account of an environment, and validation of its templates (docs/adr/0025)."""

import gc
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import cast

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_s3_assets as assets

from spotmusic_cdk.settings import Settings
from stacks.platform import Platform
from tests.conftest import sample_of
from tools import synth
from tools.checkout import ROOT

COMMANDS = ["ls", "diff", "deploy", "synth"]
ECHO = (
    "import json, os; print(json.dumps({key: "
    "of for key, of in os.environ.items() if key[:4] == 'CDK_'}), file=open('received', 'a'))"
)
EVERY_COMMAND = (
    "const {exec} = require(%r); (async () => {for (const one of %r) await exec(['--no-notices', "
    "one]).catch(() => 0)})()"
)
"""Process for all commands, because the CLI takes a second to load. The commands fail, because ECHO
writes no cloud assembly."""


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
    *,
    app: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    environment: str,
    logged_in: str | None,
    chosen: str | None,
    expected: str | None,
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


@pytest.fixture(scope="module")
def received(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Variables that the CLI gives the application, by command."""
    folder = tmp_path_factory.mktemp("cli")
    cli = shutil.which("cdk", path=f"{ROOT / 'node_modules' / '.bin'}:{os.environ['PATH']}")
    if cli is None:
        pytest.skip("needs the CDK CLI: make setup")
    (folder / "echo.py").write_text(ECHO)
    settings = {**json.loads((ROOT / "cdk.json").read_text()), "app": f"{sys.executable} echo.py"}
    (folder / "cdk.json").write_text(json.dumps(settings))
    variables = {name: value for name, value in os.environ.items() if name != "CDK_VALIDATION"}
    script = EVERY_COMMAND % (str(Path(cli).resolve().parents[1] / "lib"), COMMANDS)
    subprocess.run(
        [os.environ["JSII_NODE"], "-e", script],
        cwd=folder,
        env=variables,
        capture_output=True,
        check=True,
    )
    return dict(
        zip(COMMANDS, map(json.loads, (folder / "received").read_text().splitlines()), strict=True)
    )


@pytest.mark.parametrize("command", COMMANDS[:-1])
def test_inner_loop_is_not_validated(received: dict[str, dict[str, str]], command: str) -> None:
    assert received[command]["CDK_VALIDATION"] == "false"


def test_make_synth_equals_cdk_synth(received: dict[str, dict[str, str]]) -> None:
    """The CLI validates, and sets the same context as tools/synth.py."""
    context = json.loads(received["synth"]["CDK_CONTEXT_JSON"])
    assert "CDK_VALIDATION" not in received["synth"]
    assert {
        key: value for key, value in context.items() if key.startswith("aws:cdk:")
    } == synth.OF_THE_CLI


@jsii.implements(cdk.IAnyProducer)
class Counted:
    """Producer that counts how often it is resolved."""

    def __init__(self) -> None:
        self.times = 0

    def produce(self, _context: cdk.IResolveContext) -> str:
        self.times += 1
        return "produced"


def test_stage_is_resolved_twice(tmp_path: Path, app: ModuleType) -> None:
    """For references and for its template. A synthesis of the application would add a
    third time.
    """
    root, counted = cdk.App(outdir=str(tmp_path)), Counted()
    stage = cdk.Stage(root, "dev")
    stack = cdk.Stack(stage, "network")
    cdk.CfnResource(
        stack,
        "Queue",
        type="AWS::SQS::Queue",
        properties={"QueueName": cdk.Lazy.uncached_any(counted)},
    )
    cdk.Annotations.of(stack).add_warning_v2("test:warned", "A warning.")
    app.write(root, stage)
    (template,) = tmp_path.rglob("*.template.json")
    (metadata,) = tmp_path.rglob("*.metadata.json")
    assert json.loads(template.read_text())["Resources"]["Queue"]["Properties"] == {
        "QueueName": "produced"
    }
    assert "A warning." in metadata.read_text()
    assert counted.times == 2


def test_lambda_can_read_code_of_any_umask(app: ModuleType, tmp_path: Path) -> None:
    code, outdir = tmp_path / "code" / "package" / "index.py", tmp_path / "out"
    code.parent.mkdir(parents=True)
    code.touch(mode=0o600)

    class Small(cdk.Stage):
        def __init__(self, scope: cdk.App, *, settings: Settings) -> None:
            super().__init__(scope, settings.name)
            assets.Asset(cdk.Stack(self, "network"), "Code", path=str(tmp_path / "code"))

    status = app.main(
        ROOT / "tests" / "environments",
        platform=cast("type[Platform]", Small),
        outdir=outdir,
        context={"env": "dev", "validation": False},
    )
    assert status == 0
    (copy,) = outdir.glob("asset.*/package/index.py")
    assert copy.stat().st_mode & 0o777 == 0o644
