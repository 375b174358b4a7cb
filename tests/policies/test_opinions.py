"""Rules of second opinions: a finding fails until it is reviewed, and an unused exception fails."""

from pathlib import Path

import pytest

from tools.checkout import settings_of
from tools.model.assembly import Assembly
from tools.opinions import checkov, guard_exceptions
from tools.opinions.guard import Guard, filled
from tools.opinions.opinion import (
    Exceptions,
    Finding,
    Reviewed,
    assembly_of,
    conclude,
    problems,
)

SHORTEST_REASON = 20
FOUND = [
    Finding("prod", "R1", "data/Catalogue", "Mend it."),
    Finding("prod", "R1", "data/Identity"),
]
BOTH: Exceptions = {
    "R1": (Reviewed(places=("data/Catalogue", "data/Identity"), reason="They are meant."),)
}


def test_unreviewed_finding_is_reported() -> None:
    assert problems("prod", FOUND[:1] * 2, {}) == ["prod: R1 at data/Catalogue. Mend it."]


def test_reviewed_finding_is_excused() -> None:
    assert problems("prod", FOUND, BOTH) == []


def test_unused_exception_is_reported() -> None:
    assert problems("prod", FOUND[:1], BOTH) == [
        "prod: the exception R1 at data/Identity is unused. Remove it."
    ]


def test_exception_covers_its_environments_only() -> None:
    excused_in_dev: Exceptions = {
        "R1": (Reviewed(places=("*",), reason="Small.", environments=("dev",)),)
    }
    assert len(problems("prod", FOUND, excused_in_dev)) == 2
    assert "prod: R2 at data/Catalogue." in problems(
        "prod", [Finding("prod", "R2", "data/Catalogue")], BOTH
    )
    assert len(problems("dev", [], excused_in_dev)) == 1


@pytest.mark.parametrize(
    "exceptions", [guard_exceptions.EXCEPTIONS, checkov.EXCEPTIONS], ids=["cfn-guard", "checkov"]
)
def test_exceptions_have_readable_reasons(exceptions: Exceptions) -> None:
    reviews = [(rule, review) for rule, known in exceptions.items() for review in known]
    assert reviews
    assert [
        rule
        for rule, review in reviews
        if len(review.reason) < SHORTEST_REASON or not review.places
    ] == []


@pytest.mark.parametrize(
    ("found", "caught", "status"), [([], True, 0), (["a"], True, 1), ([], False, 1)]
)
def test_opinion_requires_canary_finding(found: list[str], caught: bool, status: int) -> None:
    assert conclude("cfn-guard 1.0", found, caught=caught) == status


def test_missing_assembly_is_not_judged(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="make synth"):
        assembly_of("prod", tmp_path)


def test_template_gets_rules_of_its_types() -> None:
    rules = {
        Path("s3"): frozenset({"AWS::S3::Bucket"}),
        Path("rds"): frozenset({"AWS::RDS::DBInstance"}),
        Path("all"): frozenset[str](),
    }
    guard = Guard(program=Path("cfn-guard"), rules=rules)
    assert guard.rules_for({"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}}) == [
        Path("s3"),
        Path("all"),
    ]


def test_cross_stack_values_are_resolved(platform_of_two: Assembly) -> None:
    reader = platform_of_two.templates["data"]["Resources"]["Log"]["Properties"]
    assert filled(platform_of_two, "data", reader) == {
        "KmsKeyId": "${secrets/Key.Arn}",
        "LogGroupName": "111122223333",
        "Role": {"Ref": "Role"},
    }


@pytest.fixture
def platform_of_two() -> Assembly:
    secrets = {
        "Resources": {"Key": {"Type": "AWS::KMS::Key"}},
        "Outputs": {
            "Arn": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}, "Export": {"Name": "secrets:Arn"}}
        },
    }
    log = {
        "KmsKeyId": {"Fn::ImportValue": "secrets:Arn"},
        "LogGroupName": {"Ref": "AWS::AccountId"},
        "Role": {"Ref": "Role"},
    }
    data = {
        "Resources": {
            "Log": {"Type": "AWS::Logs::LogGroup", "Properties": log},
            "Role": {"Type": "AWS::IAM::Role"},
        }
    }
    return Assembly(
        name="dev", settings=settings_of("dev"), templates={"secrets": secrets, "data": data}
    )
