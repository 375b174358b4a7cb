"""Formulas, sizes and texts of alarms; P-119 to P-121 cover those of environments."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns

from spotmusic_constructs.observability.alarm import (
    AlarmGroup,
    AlarmRule,
    Formula,
    MetricSource,
    Recipients,
)
from spotmusic_constructs.observability.cache_alarms import CacheAlarms
from spotmusic_constructs.observability.database_alarms import (
    DatabaseAlarms,
    default_connections,
    memory_gib,
)
from spotmusic_constructs.observability.load_balancer_alarms import error_rate
from spotmusic_constructs.observability.service_level_objective import (
    BadPercent,
    ServiceLevelObjective,
    slow_share,
)
from tests.documents import anchors
from tests.metric_math import value_of
from tests.templates import resources_of
from tools.checkout import ROOT
from tools.model.templates import Template, of_type
from tools.model.values import Json

ALARM, COMPOSITE = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"


def recipients_in(stack: cdk.Stack) -> Recipients:
    """Recipients of alarms: one topic for all and one for critical alarms."""
    topic, pager = (
        sns.Topic.from_topic_arn(stack, name, f"arn:aws:sns:sa-east-1:111122223333:{name}")
        for name in ("all", "pager")
    )
    return Recipients(
        topic=topic, pager=pager, environment_name="prod", runbooks="https://runbooks.example"
    )


def alarms_of(stack: cdk.Stack, type_: str = ALARM) -> dict[str, Json]:
    """Properties of each alarm by its logical id without the hash."""
    return {
        id_[:-8]: r["Properties"] for id_, r in resources_of(stack).items() if r["Type"] == type_
    }


def test_severities_have_own_alarms(stack: cdk.Stack) -> None:
    metric = MetricSource(namespace="Own", name="Waiting", statistic="p99", period=300)
    rule = AlarmRule(
        name="Waiting",
        summary="They wait.",
        watch=metric,
        thresholds={"warning": 1, "critical": 9},
        periods=3,
        datapoints=2,
    )
    AlarmGroup(
        stack, "Own", recipients=recipients_in(stack), runbook="queue#no-consumer", rules=[rule]
    )
    alarms = alarms_of(stack)
    assert {name: alarm["Threshold"] for name, alarm in alarms.items()} == {
        "OwnWaitingWarning": 1,
        "OwnWaitingCritical": 9,
    }
    critical = alarms["OwnWaitingCritical"]
    assert critical["AlarmDescription"] == (
        "[prod] They wait. Severity: critical. "
        "Runbook: https://runbooks.example/queue.md#no-consumer"
    )
    assert (critical["ExtendedStatistic"], critical["Period"]) == ("p99", 300)
    assert (critical["EvaluationPeriods"], critical["DatapointsToAlarm"]) == (3, 2)


def test_alarm_formula_returns_result_only(stack: cdk.Stack) -> None:
    metrics = {name: MetricSource(namespace="Own", name=name) for name in ("bad", "all")}
    share = Formula(expression="bad / all", metrics=metrics, label="share")
    rule = AlarmRule(
        name="Share", summary="Too many are bad.", watch=share, thresholds={"critical": 0.5}
    )
    AlarmGroup(stack, "Own", recipients=recipients_in(stack), runbook="queue", rules=[rule])
    (alarm,) = alarms_of(stack).values()
    assert {metric["Id"]: metric["ReturnData"] for metric in alarm["Metrics"]} == {
        "result": True,
        "bad": False,
        "all": False,
    }
    assert "MetricName" not in alarm


def test_alarms_link_headings_of_runbooks(templates: Callable[[str], dict[str, Template]]) -> None:
    texts = (
        str(alarm.get("AlarmDescription"))
        for type_ in (ALARM, COMPOSITE)
        for _, _, alarm in of_type(templates("prod"), type_)
    )
    links = {
        link for text in texts for link in re.findall(r"Runbook: \S+/([\w-]+\.md)#(\S+)$", text)
    }
    assert links
    assert [
        link for link in links if link[1] not in anchors(ROOT / "docs" / "runbooks" / link[0])
    ] == []


@pytest.mark.parametrize(
    ("counts", "percent"),
    [
        ({"own": 50}, 100),
        ({"theirs": 50}, 100),
        ({"own": 50, "requests": 0}, 100),
        ({"own": 10, "theirs": 10, "requests": 200}, 10),
        ({"theirs": 1, "requests": 100}, 1),
        ({"requests": 100}, 0),
        ({"requests": 0}, 0),
        ({}, 0),
    ],
)
def test_error_rate_counts_requests_without_target(
    counts: dict[str, float], percent: float
) -> None:
    assert value_of(error_rate("app/gateway/1").expression, counts) == pytest.approx(percent)


@pytest.mark.parametrize(
    ("instance_class", "gib"),
    [("t4g.medium", 4), ("t4g.micro", 1), ("m7g.large", 8), ("r8g.4xlarge", 128)],
)
def test_instance_class_memory_is_known(instance_class: str, gib: int) -> None:
    assert memory_gib(instance_class) == gib


@pytest.mark.parametrize("instance_class", ["x2g.large", "r8g.metal", "r8g"])
def test_unknown_instance_class_is_rejected(instance_class: str) -> None:
    with pytest.raises(ValueError, match=instance_class):
        memory_gib(instance_class)


def test_default_connections_follow_memory() -> None:
    assert default_connections(4) == 306


def test_storage_warning_precedes_autoscaling(stack: cdk.Stack) -> None:
    """RDS grows a volume with 10% free: at the warning it has not failed to."""
    DatabaseAlarms(
        stack,
        "Database",
        recipients=recipients_in(stack),
        name="catalogue",
        instance_identifier="catalogue",
        storage_gib=100,
        memory_gib=16,
    )
    alarms = alarms_of(stack)
    warning, critical = (
        alarms[f"DatabaseStorage{severity}"] for severity in ("Warning", "Critical")
    )
    assert critical["Threshold"] < 10 * 1024**3 < warning["Threshold"]
    assert "RDS grows it below 10%" in warning["AlarmDescription"]


@pytest.mark.parametrize(
    ("before", "now", "rings"),
    [
        ({"node1": 1, "node2": 0}, {"node1": 1, "node2": 0}, False),
        ({"node1": 1, "node2": 0}, {"node1": 0, "node2": 1}, True),
        ({"node1": 1, "node2": 0}, {"node2": 1}, True),
        ({"node1": 1, "node2": 0}, {"node1": 1}, False),
        ({"node1": 1}, {"node1": 1, "node2": 0}, False),
    ],
)
def test_cache_failover_alarm_follows_roles(
    stack: cdk.Stack, before: dict[str, float], now: dict[str, float], rings: bool
) -> None:
    CacheAlarms(stack, "Cache", recipients=recipients_in(stack), nodes=["cache-001", "cache-002"])
    alarm = alarms_of(stack)["CacheFailoverWarning"]
    value = value_of(alarm["Metrics"][0]["Expression"], now, before)
    assert value is not None
    assert (value >= alarm["Threshold"]) is rings


def objective(stack: cdk.Stack, percent: float = 99.9, **options: Any) -> ServiceLevelObjective:
    arguments: Json = {
        "broken": "The Web API fails: its requests end in server errors",
        "runbook": "web-api-slo",
        **options,
    }
    if "bad_percent" not in arguments:
        arguments["bad_percent"] = partial(error_rate, "app/gateway/1")
    return ServiceLevelObjective(
        stack, "Web", recipients=recipients_in(stack), objective_percent=percent, **arguments
    )


def test_objective_text_states_burn_rate(stack: cdk.Stack) -> None:
    objective(stack)
    (critical,) = (
        alarm for id_, alarm in alarms_of(stack, COMPOSITE).items() if id_.startswith("WebCritical")
    )
    assert critical["AlarmDescription"].startswith(
        "[prod] The Web API fails: its requests end in server errors. "
        "Of the requests of the last hour, more than 1.44% did; 0.1% may. Objective: 99.9%. "
        "Its error budget burns 14.4 times too fast: that of a month is gone in 2 days. "
        "Severity: critical."
    )


def test_lasting_breach_needs_four_of_five(stack: cdk.Stack) -> None:
    """An incident of two minutes overlaps three one-minute periods."""
    objective(stack).stop_alarm(2)
    alarm = alarms_of(stack)["WebOutlasting"]
    assert (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"], alarm["Threshold"]) == (
        5,
        4,
        pytest.approx(1.44),
    )
    assert {m["MetricStat"]["Period"] for m in alarm["Metrics"] if "MetricStat" in m} == {60}


def test_latency_objective_counts_slow_requests(stack: cdk.Stack) -> None:
    objective(stack, 99, bad_percent=partial(slow_share, "app/gateway/1", 0.5))
    result, within = alarms_of(stack)["WebCriticalShort"]["Metrics"]
    assert (result["Expression"], within["MetricStat"]["Stat"]) == (
        "100 - FILL(within, 100)",
        "PR(:0.5)",
    )


@pytest.mark.parametrize(
    ("bad_percent", "counts", "rings"),
    [
        (partial(error_rate, "app/gateway/1"), {"theirs": 1, "requests": 59}, False),
        (partial(error_rate, "app/gateway/1"), {"theirs": 10, "requests": 59}, True),
        (partial(error_rate, "app/gateway/1"), {"own": 10}, True),
        (partial(slow_share, "app/gateway/1", 0.5), {"within": 0, "requests": 9}, False),
        (partial(slow_share, "app/gateway/1", 0.5), {"within": 50, "requests": 20}, True),
    ],
)
def test_objective_ignores_few_bad_requests(
    stack: cdk.Stack, bad_percent: BadPercent, counts: dict[str, float], rings: bool
) -> None:
    """A bad request in an idle hour is many times the budget, but no outage."""
    objective(stack, 99, bad_percent=bad_percent)
    long = alarms_of(stack)["WebCriticalLong"]
    value = value_of(long["Metrics"][0]["Expression"], counts)
    assert value is not None
    assert (value >= long["Threshold"]) is rings


@pytest.mark.parametrize("percent", [0, 100, 100.5])
def test_objective_requires_error_budget(stack: cdk.Stack, percent: float) -> None:
    with pytest.raises(ValueError, match="error budget"):
        objective(stack, percent)
