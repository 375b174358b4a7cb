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
    """Parses the policy; each token is replaced by the name of its resource."""
    _, parts = policy["Properties"]["PolicyDocument"]["Fn::Join"]
    value: Json = json.loads("".join(part if isinstance(part, str) else part["Fn::GetAtt"][0] for part in parts))
    return value


def test_event_log_groups_are_encrypted_and_retained(resources: Json) -> None:
    groups = of_type(resources, "AWS::Logs::LogGroup")
    assert {g["Properties"]["LogGroupName"] for g in groups.values()} == {
        "/aws/events/spotmusic-test",
        "/aws/vendedlogs/prometheus/spotmusic-test",
    }
    for group in groups.values():
        assert group["Properties"]["KmsKeyId"] == KEY
        assert group["Properties"]["RetentionInDays"] == 365
        # Retained, except when the first deployment fails: the name would block the second.
        assert group["DeletionPolicy"] == "RetainExceptOnCreate"


def test_event_sources_have_rules(resources: Json) -> None:
    rules = of_type(resources, "AWS::Events::Rule")
    assert len(rules) == len(SOURCES)
    (policy,) = (id_ for id_ in of_type(resources, "AWS::Logs::ResourcePolicy") if id_.startswith("EventLog"))
    for rule in rules.values():
        assert rule["DependsOn"] == [policy]
        assert "log-group:" in str(rule["Properties"]["Targets"])


def test_event_log_admits_own_rules(resources: Json) -> None:
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
def test_failure_events_have_metric_and_alarm(resources: Json, name: str) -> None:
    (count,) = (f for id_, f in of_type(resources, "AWS::Logs::MetricFilter").items() if id_.startswith(f"EventLogCount{name}"))
    (transformation,) = count["Properties"]["MetricTransformations"]
    (alarm,) = (a for id_, a in of_type(resources, "AWS::CloudWatch::Alarm").items() if id_.startswith(f"EventAlarms{name}"))
    assert alarm["Properties"]["MetricName"] == transformation["MetricName"] == name
    assert alarm["Properties"]["Namespace"] == transformation["MetricNamespace"] == "Spotmusic/test"
    (runbook,) = re.findall(r"Runbook: (\S+)$", alarm["Properties"]["AlarmDescription"])
    assert (ROOT / runbook).is_file()


def test_deleted_tracks_alarm_at_one_hundred() -> None:
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


def test_job_filters_use_status_and_state(patterns: dict[str, str]) -> None:
    assert '$.detail.state = "FAILED"' in patterns["FailedBackups"]
    assert '$.detail.status = "FAILED"' in patterns["FailedRestores"]


def test_restore_filter_matches_restore_jobs_only(patterns: dict[str, str]) -> None:
    assert '&& $.detail-type = "Restore Job State Change" &&' in patterns["FailedRestores"]


def test_key_filter_matches_successful_requests(patterns: dict[str, str]) -> None:
    """CloudTrail records successful calls with `eventName` and without `errorCode`."""
    for call in ("ScheduleKeyDeletion", "DisableKey"):
        assert f'$.detail.eventName = "{call}"' in patterns["EndangeredKeys"]
    assert "&& $.detail.errorCode NOT EXISTS }" in patterns["EndangeredKeys"]


def test_prometheus_workspace_is_encrypted_and_logged(resources: Json) -> None:
    (workspace,) = of_type(resources, "AWS::APS::Workspace").values()
    assert workspace["Properties"]["KmsKeyArn"] == KEY
    assert workspace["Properties"]["LoggingConfiguration"]["LogGroupArn"]
    assert workspace["DeletionPolicy"] == "RetainExceptOnCreate"


def test_workspace_log_admits_own_account(resources: Json) -> None:
    (policy,) = (p for id_, p in of_type(resources, "AWS::Logs::ResourcePolicy").items() if id_.startswith("Prometheus"))
    (statement,) = document(policy)["Statement"]
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "111122223333"}
