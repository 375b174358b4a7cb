"""The document on recovery promises what the template keeps (P-70)."""

import re

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from stacks.data import DataStack
from stacks.network import NetworkStack
from stacks.secrets import SecretsStack
from tests.conftest import ROOT, feature_flags, settings_of
from tests.unit.data.templates import Resources, all_of, only


@pytest.fixture(scope="module")
def rows() -> dict[str, str]:
    """What follows the first cell of each row, by that cell."""
    lines = (ROOT / "docs" / "recovery.md").read_text().splitlines()
    return {cells[1].strip(): " ".join(cells[2:]) for cells in (line.split("|") for line in lines if line.startswith("| "))}


@pytest.fixture(scope="module")
def prod() -> Resources:
    settings = settings_of("prod")
    stage = cdk.Stage(cdk.App(context=feature_flags()), settings.name)
    data = DataStack(
        stage, settings=settings, network=NetworkStack(stage, settings=settings), secrets=SecretsStack(stage, settings=settings)
    )
    resources: Resources = Template.from_stack(data).to_json()["Resources"]
    return resources


def days(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"(\d+) days", text)]


def test_a_standby_waits_for_the_loss_of_a_zone(prod: Resources) -> None:
    assert {instance["MultiAZ"] for instance in all_of(prod, "AWS::RDS::DBInstance")} == {True}
    assert only(prod, "AWS::ElastiCache::ReplicationGroup")["AutomaticFailoverEnabled"] is True


def test_databases_and_buckets_go_back_as_far_as_promised(prod: Resources, rows: dict[str, str]) -> None:
    (rule,) = only(prod, "AWS::Backup::BackupPlan")["BackupPlan"]["BackupPlanRule"]
    assert rule["EnableContinuousBackup"] is True
    for row in ("a database: dropped table, bad migration", "a bucket as a whole", "a volume of Kubernetes"):
        assert days(rows[row]) == [rule["Lifecycle"]["DeleteAfterDays"]], row
    assert {instance["BackupRetentionPeriod"] for instance in all_of(prod, "AWS::RDS::DBInstance")} == {35}
    assert rule["ScheduleExpression"] == "cron(0 5 * * ? *)"  # 02:00 in São Paulo


def test_versions_are_kept_as_long_as_promised(prod: Resources, rows: dict[str, str]) -> None:
    kept = {
        bucket["LoggingConfiguration"]["LogFilePrefix"]: bucket["LifecycleConfiguration"]["Rules"][0]
        for bucket in all_of(prod, "AWS::S3::Bucket")
        if "LoggingConfiguration" in bucket
    }
    promised = days(rows["the audio library or the web client: overwritten, deleted"])
    assert promised == [kept[prefix]["NoncurrentVersionExpiration"]["NoncurrentDays"] for prefix in ("audio/", "web/")]
    assert days(rows["an upload that was not promoted"]) == [kept["uploads/"]["ExpirationInDays"]]


def test_restores_are_proved_when_promised(prod: Resources) -> None:
    assert only(prod, "AWS::Backup::RestoreTestingPlan")["ScheduleExpression"] == "cron(0 7 ? * SUN *)"  # 04:00 in São Paulo
    kinds = [selection["ProtectedResourceType"] for selection in all_of(prod, "AWS::Backup::RestoreTestingSelection")]
    assert sorted(kinds) == ["RDS", "RDS", "S3"]
