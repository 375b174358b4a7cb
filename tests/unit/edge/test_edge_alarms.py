import pytest
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from spotmusic_constructs.edge.edge_alarms import DistributionAlarms, WebAclAlarms
from spotmusic_constructs.observability.alarm import Audience
from tests.conftest import new_stack
from tests.model.values import Json

TOPIC = "arn:aws:sns:us-east-1:111122223333:alarms"


@pytest.fixture(scope="module")
def alarms() -> dict[str, Json]:
    stack = new_stack(region="us-east-1")
    audience = Audience(topic=sns.Topic.from_topic_arn(stack, "Topic", TOPIC), environment="prod")
    DistributionAlarms(stack, "Distribution", audience=audience, distribution_id="E123")
    WebAclAlarms(stack, "WebAcl", audience=audience, metric_name="example", blocked_requests={"critical": 500})
    return {id_: r["Properties"] for id_, r in Template.from_stack(stack).to_json()["Resources"].items()}


def named(alarms: dict[str, Json], prefix: str) -> Json:
    (found,) = (alarm for id_, alarm in alarms.items() if id_.startswith(prefix))
    properties: Json = found
    return properties


def dimensions(alarm: Json) -> dict[str, str]:
    return {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]}


def test_server_error_alarms_have_two_severities(alarms: dict[str, Json]) -> None:
    warning, critical = named(alarms, "DistributionErrorsWarning"), named(alarms, "DistributionErrorsCritical")
    assert warning["MetricName"] == critical["MetricName"] == "5xxErrorRate"
    assert (warning["Threshold"], critical["Threshold"]) == (1, 5)
    assert dimensions(warning) == {"DistributionId": "E123", "Region": "Global"}


def test_latency_alarm_covers_fifteen_minutes(alarms: dict[str, Json]) -> None:
    slow = named(alarms, "DistributionLatencyWarning")
    assert (slow["MetricName"], slow["ExtendedStatistic"], slow["Threshold"]) == ("OriginLatency", "p99", 3000)
    assert slow["Period"] * slow["EvaluationPeriods"] == 900


def test_blocked_requests_are_counted_over_all_rules(alarms: dict[str, Json]) -> None:
    blocked = named(alarms, "WebAclBlocked")
    assert (blocked["Namespace"], blocked["MetricName"], blocked["Statistic"]) == ("AWS/WAFV2", "BlockedRequests", "Sum")
    assert dimensions(blocked) == {"WebACL": "example", "Rule": "ALL"}
    assert blocked["Threshold"] == 500


def test_edge_alarms_name_topic_and_runbook(alarms: dict[str, Json]) -> None:
    for id_, alarm in alarms.items():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [TOPIC]
        part = next((part for part in ("Errors", "Refused", "Latency") if part in id_), None)
        assert alarm["AlarmDescription"].endswith("web-acl.md" if part is None else f"edge.md#{part.lower()}")
