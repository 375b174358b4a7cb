"""Rules of every second opinion: a finding fails until it is reviewed, and an unused exception fails."""

import json
from pathlib import Path

import pytest

from tests.model.assembly import Assembly
from tools.opinions import checkov_exceptions, guard_exceptions
from tools.opinions.__main__ import passes, row, table
from tools.opinions.guard import Guard, filled
from tools.opinions.opinion import (
    SHORTEST_REASON,
    Exceptions,
    Finding,
    Judgement,
    Reviewed,
    assembly_of,
    judge,
    leave,
    leave_canary,
)

FOUND = [Finding("prod", "R1", "data/Catalogue", "Mend it."), Finding("prod", "R1", "data/Identity")]
BOTH: Exceptions = {"R1": (Reviewed(places=("data/Catalogue", "data/Identity"), reason="They are meant."),)}


def test_unreviewed_finding_is_reported() -> None:
    judgement, problems = judge("prod", 8, FOUND[:1], {})
    assert problems == ["prod: R1 at data/Catalogue. Mend it."]
    assert judgement == Judgement(judged=8, findings=1, reviewed=0)


def test_a_reviewed_finding_stays() -> None:
    judgement, problems = judge("prod", 8, FOUND, BOTH)
    assert problems == []
    assert judgement == Judgement(judged=8, findings=0, reviewed=2)


def test_repeated_finding_counts_once() -> None:
    assert judge("prod", 8, FOUND + FOUND, BOTH)[0].reviewed == 2


def test_unused_exception_is_reported() -> None:
    judgement, problems = judge("prod", 8, FOUND[:1], BOTH)
    assert problems == ["prod: the exception R1 at data/Identity is unused. Remove it."]
    assert judgement.unused == 1


def test_exception_covers_its_environments_only() -> None:
    excused_in_dev: Exceptions = {"R1": (Reviewed(places=("*",), reason="Small.", environments=("dev",)),)}
    assert len(judge("prod", 8, FOUND, excused_in_dev)[1]) == 2
    assert judge("prod", 8, [Finding("prod", "R2", "data/Catalogue")], BOTH)[0].findings == 1
    assert judge("dev", 8, [], excused_in_dev)[0].unused == 1


@pytest.mark.parametrize(
    "exceptions",
    [guard_exceptions.EXCEPTIONS, checkov_exceptions.exceptions(whole=True), checkov_exceptions.exceptions(whole=False)],
    ids=["cfn-guard", "checkov", "checkov, own charts"],
)
def test_exceptions_have_readable_reasons(exceptions: Exceptions) -> None:
    reviews = [(rule, review) for rule, known in exceptions.items() for review in known]
    assert reviews
    assert [rule for rule, review in reviews if len(review.reason) < SHORTEST_REASON or not review.places] == []


def test_missing_assembly_is_not_judged(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="make synth"):
        assembly_of("prod", tmp_path)


def test_template_gets_rules_of_its_types() -> None:
    rules = {Path("s3"): frozenset({"AWS::S3::Bucket"}), Path("rds"): frozenset({"AWS::RDS::DBInstance"}), Path("all"): frozenset[str]()}
    guard = Guard(program=Path("cfn-guard"), rules=rules)
    assert guard.rules_for({"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}}) == [Path("s3"), Path("all")]


def test_cross_stack_values_are_resolved(platform_of_two: Assembly) -> None:
    reader = platform_of_two.templates["data"]["Resources"]["Log"]["Properties"]
    assert filled(platform_of_two, "data", reader) == {
        "KmsKeyId": "${secrets/Key.Arn}",
        "LogGroupName": "111122223333",
        "Role": {"Ref": "Role"},
    }


@pytest.fixture
def platform_of_two() -> Assembly:
    from tests.conftest import settings_of

    secrets = {
        "Resources": {"Key": {"Type": "AWS::KMS::Key"}},
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}, "Export": {"Name": "secrets:Arn"}}},
    }
    log = {"KmsKeyId": {"Fn::ImportValue": "secrets:Arn"}, "LogGroupName": {"Ref": "AWS::AccountId"}, "Role": {"Ref": "Role"}}
    data = {"Resources": {"Log": {"Type": "AWS::Logs::LogGroup", "Properties": log}, "Role": {"Type": "AWS::IAM::Role"}}}
    return Assembly(name="dev", settings=settings_of("dev"), templates={"secrets": secrets, "data": data})


def test_the_table_adds_up_what_steps_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTMUSIC_OPINIONS", str(tmp_path))
    leave_canary("cfn-guard", "1.0", caught=True)
    leave("cfn-guard", "1.0", "dev", Judgement(judged=8, findings=0, reviewed=3))
    leave("cfn-guard", "1.0", "prod", Judgement(judged=8, findings=0, reviewed=2))
    note = json.loads((tmp_path / "cfn-guard.json").read_text())
    assert row("cfn-guard", note) == ("cfn-guard", "1.0", "16 templates of dev, prod", "0", "5", "0", "caught")
    assert passes(note)
    assert "| cfn-guard | 1.0 " in table([row("cfn-guard", note)])


@pytest.mark.parametrize(
    "change",
    [
        {"canary": False},
        {"canary": None},
        {"environments": {}},
        {"environments": {"dev": {"judged": 8, "findings": 0, "reviewed": 0, "unused": 1}}},
    ],
    ids=["missed its canary", "was shown none", "judged nothing", "has an idle exception"],
)
def test_opinion_requires_canary_finding(change: dict[str, object]) -> None:
    note = {"version": "1.0", "canary": True, "environments": {"dev": {"judged": 8, "findings": 0, "reviewed": 3, "unused": 0}}}
    assert passes(note)
    assert not passes({**note, **change})
    assert not passes(None)


def test_canary_report_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPOTMUSIC_OPINIONS", raising=False)
    leave_canary("cfn-guard", "1.0", caught=True)
