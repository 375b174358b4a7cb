import json
import re

import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns

from spotmusic_constructs.observability.alarm import Audience
from spotmusic_constructs.observability.event_alarms import DeletedTracks, EventAlarms
from spotmusic_constructs.observability.event_log import SOURCES, EventLog, deletions
from spotmusic_constructs.observability.prometheus_workspace import PrometheusWorkspace
from tests.conftest import ROOT, new_stack
from tests.model.values import Json
from tests.templates import of_type, resources_of

KEY = "arn:aws:kms:sa-east-1:111122223333:key/logs"


@pytest.fixture(scope="module")
def resources() -> Json:
    stack = new_stack()
    key = kms.Key.from_key_arn(stack, "Key", KEY)
    log = EventLog(stack, "EventLog", name="spotmusic-test", key=key, namespace="Spotmusic/test")
    EventAlarms(
        stack,
        "EventAlarms",
        audience=Audience(topic=sns.Topic.from_topic_arn(stack, "Topic", "arn:aws:sns:sa-east-1:111122223333:alarms")),
        log=log,
    )
    PrometheusWorkspace(stack, "Prometheus", name="spotmusic-test", key=key)
    return resources_of(stack)


def document(policy: Json) -> Json:
    """The policy in a string, with each token in it by the name of its resource."""
    _, parts = policy["Properties"]["PolicyDocument"]["Fn::Join"]
    value: Json = json.loads("".join(part if isinstance(part, str) else part["Fn::GetAtt"][0] for part in parts))
    return value


def test_log_groups_are_encrypted_kept_for_a_year_and_outlive_their_stack(resources: Json) -> None:
    groups = of_type(resources, "AWS::Logs::LogGroup")
    assert {g["Properties"]["LogGroupName"] for g in groups.values()} == {
        "/aws/events/spotmusic-test",
        "/aws/vendedlogs/prometheus/spotmusic-test",
    }
    for group in groups.values():
        assert group["Properties"]["KmsKeyId"] == KEY
        assert group["Properties"]["RetentionInDays"] == 365
        # Retained, but not when the first deployment fails: the name would stand in the way of the second.
        assert group["DeletionPolicy"] == "RetainExceptOnCreate"


def test_a_rule_for_each_source_writes_to_the_log(resources: Json) -> None:
    rules = of_type(resources, "AWS::Events::Rule")
    assert len(rules) == len(SOURCES)
    (policy,) = (id_ for id_ in of_type(resources, "AWS::Logs::ResourcePolicy") if id_.startswith("EventLog"))
    for rule in rules.values():
        assert rule["DependsOn"] == [policy]
        assert "log-group:" in str(rule["Properties"]["Targets"])


def test_only_rules_of_this_account_write_to_the_log(resources: Json) -> None:
    (policy,) = (p for id_, p in of_type(resources, "AWS::Logs::ResourcePolicy").items() if id_.startswith("EventLog"))
    write, streams = document(policy)["Statement"]
    assert write["Condition"] == {"ArnLike": {"aws:SourceArn": "arn:aws:events:sa-east-1:111122223333:rule/*"}}
    assert streams["Action"] == "logs:CreateLogStream"
    assert "*" not in write["Resource"] + streams["Resource"]


@pytest.mark.parametrize(
    "name",
    [
        "FailedBackups",
        "FailedRestores",
        "FailedDeployments",
        "Findings",
        "ExpiringCertificates",
        "EndangeredKeys",
        "DeletedKeys",
        "HealthNotices",
    ],
)
def test_what_must_not_happen_is_counted_and_alarmed(resources: Json, name: str) -> None:
    (count,) = (f for id_, f in of_type(resources, "AWS::Logs::MetricFilter").items() if id_.startswith(f"EventLogCount{name}"))
    (transformation,) = count["Properties"]["MetricTransformations"]
    (alarm,) = (a for id_, a in of_type(resources, "AWS::CloudWatch::Alarm").items() if id_.startswith(f"EventAlarms{name}"))
    assert alarm["Properties"]["MetricName"] == transformation["MetricName"] == name
    assert alarm["Properties"]["Namespace"] == transformation["MetricNamespace"] == "Spotmusic/test"
    (runbook,) = re.findall(r"Runbook: (\S+)$", alarm["Properties"]["AlarmDescription"])
    assert (ROOT / runbook).is_file()


def test_deleted_tracks_ring_from_a_hundred_on() -> None:
    stack = new_stack()
    key = kms.Key.from_key_arn(stack, "Key", KEY)
    sources = {"Tracks": deletions("audio")}
    log = EventLog(stack, "EventLog", name="spotmusic-test", key=key, namespace="Spotmusic/test", sources=sources)
    audience = Audience(topic=sns.Topic.from_topic_arn(stack, "Topic", "arn:aws:sns:sa-east-1:111122223333:alarms"))
    DeletedTracks(stack, "DeletedTracks", audience=audience, log=log)
    found = resources_of(stack)
    (rule,) = of_type(found, "AWS::Events::Rule").values()
    assert rule["Properties"]["EventPattern"]["detail"] == {"bucket": {"name": ["audio"]}, "reason": ["DeleteObject"]}
    (alarm,) = of_type(found, "AWS::CloudWatch::Alarm").values()
    assert (alarm["Properties"]["Threshold"], alarm["Properties"]["MetricName"]) == (100, "DeletedTracks")
    assert "OKActions" not in alarm["Properties"]


@pytest.fixture(scope="module")
def patterns(resources: Json) -> dict[str, str]:
    return {
        f["Properties"]["MetricTransformations"][0]["MetricName"]: f["Properties"]["FilterPattern"]
        for f in of_type(resources, "AWS::Logs::MetricFilter").values()
    }


def test_jobs_that_restore_have_a_status_and_jobs_that_back_up_a_state(patterns: dict[str, str]) -> None:
    assert '$.detail.state = "FAILED"' in patterns["FailedBackups"]
    assert '$.detail.status = "FAILED"' in patterns["FailedRestores"]


def test_a_status_of_another_event_of_aws_backup_is_no_failed_restore(patterns: dict[str, str]) -> None:
    assert '&& $.detail-type = "Restore Job State Change" &&' in patterns["FailedRestores"]


def test_a_key_rings_when_its_deletion_is_asked_for_and_not_when_it_is_too_late(patterns: dict[str, str]) -> None:
    """What CloudTrail records of a call that succeeded: in detail its name, and no errorCode."""
    for call in ("ScheduleKeyDeletion", "DisableKey"):
        assert f'$.detail.eventName = "{call}"' in patterns["EndangeredKeys"]
    assert "&& $.detail.errorCode NOT EXISTS }" in patterns["EndangeredKeys"]


def test_the_workspace_is_encrypted_and_logs_what_it_refuses(resources: Json) -> None:
    (workspace,) = of_type(resources, "AWS::APS::Workspace").values()
    assert workspace["Properties"]["KmsKeyArn"] == KEY
    assert workspace["Properties"]["LoggingConfiguration"]["LogGroupArn"]
    assert workspace["DeletionPolicy"] == "RetainExceptOnCreate"


def test_deliveries_of_this_account_write_the_log_of_the_workspace(resources: Json) -> None:
    (policy,) = (p for id_, p in of_type(resources, "AWS::Logs::ResourcePolicy").items() if id_.startswith("Prometheus"))
    (statement,) = document(policy)["Statement"]
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "111122223333"}
