import pytest
from aws_cdk import aws_sns as sns

from spotmusic_constructs.observability.alarm import Audience
from spotmusic_constructs.observability.load_balancer_alarms import error_rate
from spotmusic_constructs.observability.service_level_objective import ServiceLevelObjective, slow_share
from tests.conftest import new_stack
from tests.model.values import Json
from tests.templates import resources_of

TOPIC = "arn:aws:sns:sa-east-1:111122223333:alarms"


@pytest.fixture(scope="module")
def resources() -> Json:
    stack = new_stack()
    audience = Audience(topic=sns.Topic.from_topic_arn(stack, "Topic", TOPIC))
    availability = ServiceLevelObjective(
        stack,
        "Availability",
        audience=audience,
        broken="The Web API fails: its requests end in server errors",
        objective_percent=99.9,
        bad_percent=lambda period: error_rate("app/gateway/1", period=period),
        runbook="web-api-slo",
    )
    ServiceLevelObjective(
        stack,
        "Latency",
        audience=audience,
        broken="The Web API is slow: its answers take longer than 0.5 s",
        objective_percent=99,
        bad_percent=lambda period: slow_share("app/gateway/1", 0.5, period=period),
        runbook="web-api-slo",
    )
    availability.stop_alarm(2)
    return resources_of(stack)


def windows(resources: Json) -> dict[str, Json]:
    return {id_[:-8]: r["Properties"] for id_, r in resources.items() if r["Type"] == "AWS::CloudWatch::Alarm"}


def test_objective_alarms_combine_both_windows(resources: Json) -> None:
    composites = {id_: r["Properties"] for id_, r in resources.items() if r["Type"] == "AWS::CloudWatch::CompositeAlarm"}
    assert len(composites) == 4
    for composite in composites.values():
        assert composite["ActionsEnabled"] is True
        assert composite["AlarmActions"] == composite["OKActions"] == [TOPIC]
        assert composite["AlarmRule"]["Fn::Join"][1][2] == '") AND ALARM("'
        assert composite["AlarmDescription"].endswith("Runbook: docs/runbooks/web-api-slo.md")


def test_objective_text_states_burn_rate(resources: Json) -> None:
    texts = {id_: r["Properties"]["AlarmDescription"] for id_, r in resources.items() if r["Type"] == "AWS::CloudWatch::CompositeAlarm"}
    (critical,) = (text for id_, text in texts.items() if id_.startswith("AvailabilityCritical"))
    assert critical.startswith(
        "The Web API fails: its requests end in server errors. Of the requests of the last hour, more than 1.44% did; 0.1% may. "
        "Objective: 99.9%. Its error budget burns 14.4 times too fast: that of a month is gone in 2 days. Severity: critical."
    )


def test_objective_windows_have_no_actions(resources: Json) -> None:
    assert all("AlarmActions" not in window for window in windows(resources).values())


def test_objective_windows_match_sre_workbook(resources: Json) -> None:
    periods = {name: {m["MetricStat"]["Period"] for m in w["Metrics"] if "MetricStat" in m} for name, w in windows(resources).items()}
    assert periods["AvailabilityCriticalLong"] == {3600}
    assert periods["AvailabilityCriticalShort"] == {300}
    assert periods["AvailabilityWarningLong"] == {21600}
    assert periods["AvailabilityWarningShort"] == {1800}


def test_lasting_breach_needs_four_of_five(resources: Json) -> None:
    """An incident of two minutes overlaps three one-minute periods."""
    stop_alarm = windows(resources)["AvailabilityOutlasting"]
    assert (stop_alarm["EvaluationPeriods"], stop_alarm["DatapointsToAlarm"], stop_alarm["Threshold"]) == (5, 4, pytest.approx(1.44))
    assert {m["MetricStat"]["Period"] for m in stop_alarm["Metrics"] if "MetricStat" in m} == {60}


def test_objective_threshold_multiplies_rate_and_budget(resources: Json) -> None:
    assert windows(resources)["AvailabilityCriticalLong"]["Threshold"] == pytest.approx(1.44)
    assert windows(resources)["LatencyWarningLong"]["Threshold"] == pytest.approx(6)


def test_latency_objective_counts_slow_requests(resources: Json) -> None:
    result, within = windows(resources)["LatencyCriticalLong"]["Metrics"]
    assert result["Expression"] == "100 - FILL(within, 100)"
    assert within["MetricStat"]["Stat"] == "PR(:0.5)"


@pytest.mark.parametrize("objective", [0, 100, 100.5])
def test_objective_requires_error_budget(objective: float) -> None:
    stack = new_stack()
    with pytest.raises(ValueError, match="error budget"):
        ServiceLevelObjective(
            stack,
            "Perfect",
            audience=Audience(topic=sns.Topic.from_topic_arn(stack, "Topic", TOPIC)),
            broken="It fails",
            objective_percent=objective,
            bad_percent=lambda period: error_rate("app/gateway/1", period=period),
            runbook="web-api-slo",
        )
