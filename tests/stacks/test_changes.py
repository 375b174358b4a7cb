"""Effects of changes, on the templates of production."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Template
from tools.changes import __main__ as command
from tools.changes.__main__ import main
from tools.changes.change import Effect
from tools.changes.comparison import compare
from tools.local_aws.workspace import Workspace

Templates = Callable[[str], dict[str, Template]]

QUOTE = r'\\"'
EDITS = {
    "brokers": ("eks-platform", r'("statefulset":{"replicas":)\d+', "1", r"\d brokers → 1"),
    "volumes of brokers": ("eks-platform", r'("persistentVolume":{"enabled":true,"size":")\d+', "60000", r"volumes of \d+ GiB → 60000"),
    "volumes of RabbitMQ": ("eks-platform", r'("storage":{"class":"gp3","size":")\d+', "1", r"volumes of \d+ GiB → 1"),
    "partitions": ("eks-platform", r'("partitions":)\d+(?=,"replication")', "1", r"\d+ partitions → 1"),
    "the signer": ("ecs-services", '("AUDIO_SIGNER", "Value": ")[a-z]+', "other", "other signs before"),
    "lock of the vault": ("data", r'("ChangeableForDays": )\d+', "9999", "the lock of the vault"),
    "protection": ("data", '("DeletionProtection": )true', "false", "loses its deletion protection"),
    "the range": ("network", r'("CidrBlock": ")[\d.]+(?=/16")', "10.99.0.0", r"CidrBlock: .* → 10.99.0.0/16"),
    "the private zone": ("network", r'("Name": ")internal(?=\.)', "inside", r"Name: internal.* → inside"),
    "a port": ("ecs-services", r'("Port": )\d+(?=, "Protocol": "HTTP")', "9999", r"port \d+ → 9999"),
}
"""Stack, pattern, replacement, and expected message."""


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_of_production_is_refused(templates: Templates, edit: str) -> None:
    stack, old, new, detail = EDITS[edit]
    before = templates("prod")
    text = json.dumps(before[stack])
    # Values of a release are a text within a text.
    pattern = old.replace('"', QUOTE) if stack == "eks-platform" else old
    edited, times = re.subn(pattern, rf"\g<1>{new}", text)
    assert times, "the template has another form: change the rule and this text"
    found = compare(before, {**before, stack: json.loads(edited)})
    assert any(re.search(detail, change.detail) for change in found if change.effect == Effect.REFUSED), found[:5]


def test_production_differs_in_nothing_from_itself(synthesized: Callable[[str], Path], capsys: pytest.CaptureFixture[str]) -> None:
    assembly = str(synthesized("prod"))
    assert main(["--env", "prod", "--now", assembly, "--against", assembly]) == 0
    assert capsys.readouterr().out == "No differences.\n"


def test_another_region_is_refused(synthesized: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(synthesized("prod"), moved)
    manifest = moved / "manifest.json"
    manifest.write_text(manifest.read_text().replace("/sa-east-1", "/us-west-2"))
    assert main(["--env", "prod", "--now", str(moved), "--against", str(synthesized("prod"))]) == 1
    assert " sa-east-1 spotmusic-prod-data → " in capsys.readouterr().out


def test_changes_compare_embedded_aws(
    synthesized: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "CHECKOUT", tmp_path)
    assert main(["--env", "prod", "--against", "local"]) == 1
    assert "make local" in capsys.readouterr().err
    for folder in (Workspace(tmp_path).assembly, Workspace(tmp_path).next_assembly):
        shutil.copytree(synthesized("prod"), folder / "assembly-prod")
    network = next(Workspace(tmp_path).next_assembly.rglob("*network*.template.json"))
    network.write_text(re.sub(r'("CidrBlock": ?")10\.', r"\g<1>11.", network.read_text()))
    assert main(["--env", "prod", "--against", "local"]) == 1
    assert "CidrBlock" in capsys.readouterr().out


@pytest.mark.parametrize("against", ["no-such-ref", "tests"])
def test_incomparable_source_is_reported(synthesized: Callable[[str], Path], capsys: pytest.CaptureFixture[str], against: str) -> None:
    assert main(["--env", "prod", "--now", str(synthesized("prod")), "--against", against]) == 1
    assert "Use" in capsys.readouterr().err
