"""Promises on an assembly given by `--assembly DIR`."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tests.properties import conftest as asked
from tests.properties.deviations import Deviation

LEAVE = Deviation(resources=("network/Gateway",), reason="A lost zone waits.")


def config(folder: Path, like: str | None = None) -> pytest.Config:
    options = {"--assembly": folder, "--like": like}
    return cast("pytest.Config", SimpleNamespace(getoption=options.get))


@pytest.fixture
def deviations(monkeypatch: pytest.MonkeyPatch) -> dict[int, dict[str, Deviation]]:
    declared = {8: {"dev": LEAVE}, 9: {"staging": LEAVE}}
    monkeypatch.setattr(asked, "DEVIATIONS", declared)
    return declared


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Assembly of an environment that is not shipped."""
    monkeypatch.setattr(asked, "ENVIRONMENTS", ["dev", "staging", "prod"])
    monkeypatch.setattr(asked, "ROOT", tmp_path)
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "qa.yaml").touch()
    folder = tmp_path / "cdk.out"
    folder.mkdir()
    stage = {"type": "cdk:cloud-assembly", "properties": {"displayName": "qa"}}
    (folder / "manifest.json").write_text(
        json.dumps({"artifacts": {"Tree": {"type": "cdk:tree"}, "assembly-qa": stage}})
    )
    (folder / "validation-report.json").write_text('"NIST.800.53.R5"')
    return folder


def test_given_assembly_is_asked_alone(
    given: Path, deviations: dict[int, dict[str, Deviation]]
) -> None:
    asked.pytest_configure(config(given, like="dev"))
    assert asked.ENVIRONMENTS == ["qa"]
    assert deviations == {
        8: {"dev": LEAVE, "qa": replace(LEAVE, needed=False)},
        9: {"staging": LEAVE},
    }


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("cdk.out/manifest.json", "holds no environment"),
        ("environments/qa.yaml", "there is no environments/qa.yaml"),
        ("cdk.out/validation-report.json", "no report of the policy packs"),
    ],
)
def test_given_assembly_must_be_whole(given: Path, missing: str, message: str) -> None:
    (given.parent / missing).unlink()
    with pytest.raises(pytest.UsageError, match=message):
        asked.pytest_configure(config(given))
