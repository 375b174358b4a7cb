"""Acknowledgements of findings of AwsSolutions and NIST 800-53 revision 5: complete, and used."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks

from tests.conftest import new_stack

ENVIRONMENTS = ["dev", "staging", "prod"]
PACKS = {"AwsSolutions", "NIST.800.53.R5"}
Assembly = Callable[[str], Path]


def reports(assembly: Path) -> dict[str, dict[str, Any]]:
    document = json.loads((assembly.parent / "validation-report.json").read_text())
    return {report["pluginName"]: report for report in document["pluginReports"]}


def acknowledgements(assembly: Path) -> Iterator[tuple[str, str, str]]:
    """Acknowledgements in the construct tree: path, finding, reason."""
    for file in assembly.glob("*.metadata.json"):
        for path, entries in json.loads(file.read_text()).items():
            for entry in entries:
                if entry["type"] == "aws:cdk:acknowledged-rules":
                    yield from (
                        (path.lstrip("/"), id_, reason) for id_, reason in entry["data"].items()
                    )


@pytest.mark.parametrize("pack", sorted(PACKS))
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_findings_are_acknowledged(synthesized: Assembly, environment: str, pack: str) -> None:
    found = [
        f"{violation['ruleName']} at {place['constructPath']}"
        for violation in reports(synthesized(environment))[pack]["violations"]
        for place in violation["violatingConstructs"]
    ]
    assert found == []


@pytest.mark.parametrize("environment", ["prod"])
def test_acknowledgements_are_used(synthesized: Assembly, environment: str) -> None:
    """An unused acknowledgement would hide a later finding."""
    assembly = synthesized(environment)
    used = {
        (suppressed["acknowledgedAt"].lstrip("/"), suppressed["acknowledgedId"])
        for report in reports(assembly).values()
        for suppressed in report.get("suppressedViolations", [])
    }
    idle = sorted({(path, id_) for path, id_, _ in acknowledgements(assembly)} - used)
    assert idle == []


@pytest.mark.parametrize(
    ("pack", "rule"),
    [
        (AwsSolutionsChecks, "AwsSolutions-S1"),
        (NIST80053R5Checks, "NIST.800.53.R5-S3BucketLoggingEnabled"),
    ],
)
def test_policy_packs_report_a_seeded_fault(
    pack: type[AwsSolutionsChecks | NIST80053R5Checks], rule: str
) -> None:
    stack = new_stack()
    s3.CfnBucket(stack, "Bad")
    assert rule in {
        violation.rule_name for violation in pack(stack).validate_scope(stack).violations
    }


def test_application_registers_both_packs(synthesized: Assembly) -> None:
    assert reports(synthesized("dev")).keys() >= PACKS
