"""Effects of changes, on the templates of production."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from spotmusic_cdk.settings import load
from tests.conftest import TODAY
from tools.changes import __main__ as command
from tools.changes.__main__ import main
from tools.changes.source import NO_DIFFERENCE
from tools.checkout import ROOT, synthesize
from tools.local_aws.workspace import Workspace
from tools.model.templates import templates_in


def test_production_differs_in_nothing_from_itself(
    synthesized: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assembly = str(synthesized("prod"))
    assert main(["--env", "prod", "--now", assembly, "--against", assembly]) == 0
    assert capsys.readouterr().out == "prod: no differences.\n"


def test_service_of_readme_fits_a_screen(
    synthesized: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (ROOT / "README.md").read_text()
    (service,) = re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL)
    assert "image_tag" not in service, "its first deployment precedes its first image"
    dev = (ROOT / "environments" / "dev.yaml").read_text()
    # Users have pasted it: the name is another.
    pasted = dev.replace("services:\n", service.replace("lyrics", "of-readme"), 1)
    (tmp_path / "dev.yaml").write_text(pasted)
    settings = load("dev", folder=tmp_path, today=TODAY)
    synthesize(settings, outdir=tmp_path, policies=False)
    services = templates_in(tmp_path / "assembly-dev")["ecs-services"]
    assert "/v1/of-readme" in json.dumps(services)
    full = tmp_path / "new" / "diff.txt"
    now, before = str(tmp_path / "assembly-dev"), str(synthesized("dev"))
    assert main(["--env", "dev", "--now", now, "--against", before, "--full", str(full)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 30
    assert max(map(len, lines[:-1])) <= 100
    assert lines[-1].endswith("diff.txt")
    assert "AWS::ECR::Repository" in full.read_text()


def test_changes_refuse_other_region(
    synthesized: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(synthesized("prod"), moved)
    manifest = moved / "manifest.json"
    manifest.write_text(manifest.read_text().replace("/sa-east-1", "/us-west-2"))
    assert main(["--env", "prod", "--now", str(moved), "--against", str(synthesized("prod"))]) == 1
    assert " sa-east-1 spotmusic-prod-data → " in capsys.readouterr().out


def test_changes_compare_embedded_aws(
    synthesized: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "CHECKOUT", tmp_path)
    assert main(["--env", "prod", "--against", "local"]) == 1
    assert "make local" in capsys.readouterr().err
    for folder in (Workspace(tmp_path).assembly, Workspace(tmp_path).next_assembly):
        shutil.copytree(synthesized("prod"), folder / "assembly-prod")
    network = next(Workspace(tmp_path).next_assembly.rglob("*network*.template.json"))
    network.write_text(re.sub(r'("CidrBlock": ?")10\.', r"\g<1>11.", network.read_text()))
    Workspace(tmp_path).differences.write_text("Number of stacks with differences: 1")
    assert main(["--env", "prod", "--against", "local"]) == 0
    assert "CidrBlock" in (out := capsys.readouterr().out)
    assert out.endswith(".local/diff.txt\n")
    assert main(["--env", "prod", "--against", "local", "--fail"]) == 1
    Workspace(tmp_path).differences.write_text(NO_DIFFERENCE)
    assert main(["--env", "prod", "--against", "local", "--fail"]) == 0


@pytest.mark.parametrize("against", ["no-such-ref", "tests"])
def test_incomparable_source_is_reported(
    synthesized: Callable[[str], Path], capsys: pytest.CaptureFixture[str], against: str
) -> None:
    assert main(["--env", "prod", "--now", str(synthesized("prod")), "--against", against]) == 1
    assert "Use" in capsys.readouterr().err
