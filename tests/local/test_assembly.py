"""Reading of cloud assemblies, and rejected ones."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.manifest import manifest
from tools.local_aws import ACCOUNT
from tools.local_aws.assembly import environment_of, regions, stacks
from tools.local_aws.workspace import Workspace


def assembly(folder: Path, *, account: str = ACCOUNT) -> Path:
    stage = folder / "assembly-dev"
    stage.mkdir(parents=True)
    regions = {"network": "sa-east-1", "data": "sa-east-1", "edge": "us-east-1"}
    for name in regions:
        (stage / f"{name}.json").write_text(
            json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
        )
    (stage / "manifest.json").write_text(manifest("dev", account=account, **regions))
    return folder


def test_stacks_keep_manifest_order(tmp_path: Path) -> None:
    found = stacks(assembly(tmp_path / "out"), environment="dev")
    assert [(stack.id, stack.name, stack.region) for stack in found] == [
        ("dev/network", "spotmusic-dev-network", "sa-east-1"),
        ("dev/data", "spotmusic-dev-data", "sa-east-1"),
        ("dev/edge", "spotmusic-dev-edge", "us-east-1"),
    ]
    assert regions(found) == ["sa-east-1", "us-east-1"]


def test_missing_stage_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        stacks(assembly(tmp_path / "out"), environment="prod")


def test_deployed_assembly_is_kept_until_accepted(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assembly(workspace.assembly)
    assembly(workspace.next_assembly, account="111122223333")
    assert stacks(workspace.assembly, environment="dev")[0].account == ACCOUNT
    workspace.accept_assembly()
    assert stacks(workspace.assembly, environment="dev")[0].account == "111122223333"
    assert not workspace.next_assembly.exists()


@pytest.mark.parametrize("step", [Workspace.accept_assembly, Workspace.forget])
def test_interrupted_deletion_leaves_no_part(
    step: Callable[[Workspace], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(folder: Path, **_: object) -> None:
        if manifests := [*folder.rglob("manifest.json")]:
            manifests[0].unlink()
            raise KeyboardInterrupt

    workspace = Workspace(tmp_path)
    assembly(workspace.assembly)
    monkeypatch.setattr(shutil, "rmtree", interrupted)
    with pytest.raises(KeyboardInterrupt):
        step(workspace)
    monkeypatch.undo()
    assert environment_of(workspace.assembly) is None
    workspace.forget()
    assert [*workspace.folder.iterdir()] == []
