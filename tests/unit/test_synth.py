"""`make synth`: failure for findings of all judges, and without results of the packs."""

import gc
import json
from collections.abc import Callable
from pathlib import Path
from typing import cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns

from spotmusic_cdk.settings import Settings, SettingsError
from spotmusic_constructs.acknowledge import acknowledge
from stacks import compliance
from stacks.platform import Platform
from tools import synth
from tools.checkout import ROOT

gc.enable()  # The application disables the garbage collector.

FINDINGS = ("AwsSolutions::AwsSolutions-SNS3", "NIST.800.53.R5::NIST.800.53.R5-SNSEncryptedKMS")
"""Findings on a topic without properties."""
VALIDATOR = "CloudFormation Validate"
Judge = Callable[..., int]


def conclusions(outdir: Path) -> dict[str, str]:
    """Conclusions of the judges by their names."""
    reports = json.loads((outdir / "validation-report.json").read_text())["pluginReports"]
    return {report["pluginName"]: report["conclusion"] for report in reports}


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """Synthesis of an environment with one topic."""

    def with_topic(*, name: object = "alarms", reviewed: tuple[str, ...] = FINDINGS) -> int:
        class Small(cdk.Stage):
            def __init__(self, scope: cdk.App, *, settings: Settings) -> None:
                super().__init__(scope, settings.name)
                topic = sns.CfnTopic(cdk.Stack(self, "network"), "Topic")
                topic.add_property_override("DisplayName", name)
                acknowledge(topic, dict.fromkeys(reviewed, "The topic belongs to a test."))

        return synth.judge(
            "dev",
            tmp_path,
            folder=ROOT / "tests" / "environments",
            platform=cast("type[Platform]", Small),
        )

    return with_topic


@pytest.fixture
def packs_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Application without the validator of CDK, which takes two seconds and is registered if
    `CDK_VALIDATION` is false.
    """
    monkeypatch.delenv("CDK_VALIDATION")


@pytest.mark.usefixtures("packs_alone")
def test_reviewed_findings_pass(judge: Judge, tmp_path: Path) -> None:
    assert judge() == 0
    assert conclusions(tmp_path) == dict.fromkeys(synth.PACKS, "success")


@pytest.mark.early
def test_finding_of_validator_fails(
    judge: Judge, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The validator is registered in spite of `CDK_VALIDATION=false`, and reports only the wrong
    type.
    """
    assert judge(name=["a list"]) == 1
    assert conclusions(tmp_path) == {**dict.fromkeys(synth.PACKS, "success"), VALIDATOR: "failure"}
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("pack", FINDINGS)
@pytest.mark.usefixtures("packs_alone")
def test_finding_of_pack_fails(judge: Judge, tmp_path: Path, pack: str) -> None:
    assert judge(reviewed=tuple({*FINDINGS} - {pack})) == 1
    assert conclusions(tmp_path) == {
        name: "failure" if pack.startswith(name) else "success" for name in synth.PACKS
    }


def test_unasked_packs_fail(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compliance, "register", lambda *_, **__: None)
    assert judge() == 1


def test_first_failure_ends_synthesis(monkeypatch: pytest.MonkeyPatch) -> None:
    statuses = {"dev": 0, "staging": 2}  # without prod
    monkeypatch.setattr(synth, "judge", lambda name, _: statuses[name])
    assert synth.main("dev", "staging", "prod") == 2


def test_unknown_environment_deletes_nothing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no environment"):
        synth.judge("../kept", tmp_path, folder=ROOT / "tests" / "environments")
    assert tmp_path.exists()
