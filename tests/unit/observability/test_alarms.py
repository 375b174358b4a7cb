import re
from dataclasses import replace
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from spotmusic_constructs.observability.alarm import ENDS_BY_ITSELF, AlarmGroup, AlarmRule, Audience, Formula, MetricSource
from spotmusic_constructs.observability.cache_alarms import CacheAlarms
from spotmusic_constructs.observability.certificate_alarms import CertificateAlarms
from spotmusic_constructs.observability.database_alarms import DatabaseAlarms, default_connections, memory_gib
from spotmusic_constructs.observability.function_alarms import FunctionAlarms, WatchedFunction
from spotmusic_constructs.observability.kubernetes_alarms import KubernetesAlarms
from spotmusic_constructs.observability.load_balancer_alarms import (
    ApplicationLoadBalancerAlarms,
    NetworkLoadBalancerAlarms,
    WatchedTargets,
    error_rate,
)
from spotmusic_constructs.observability.nat_alarms import NatGatewayAlarms
from spotmusic_constructs.observability.queue_alarms import QueueAlarms, QueueWatch
from spotmusic_constructs.observability.restart_alarms import RestartAlarms
from spotmusic_constructs.observability.service_alarms import ServiceAlarms
from tests.conftest import ROOT, new_stack
from tests.documents import anchors
from tests.metric_math import value_of
from tests.model.values import Json

TOPIC = "arn:aws:sns:sa-east-1:111122223333:alarms"
PAGER = "arn:aws:sns:sa-east-1:111122223333:pager"


def audience_in(stack: cdk.Stack) -> Audience:
    """Recipients of alarms: one topic for all and one for critical alarms."""
    return Audience(
        topic=sns.Topic.from_topic_arn(stack, "Topic", TOPIC), pager=sns.Topic.from_topic_arn(stack, "Pager", PAGER), environment="prod"
    )


def targets(name: str, *, minimum_healthy: int = 1) -> WatchedTargets:
    return WatchedTargets(
        group=f"targetgroup/{name}/1",
        lost=f"{name}: nobody answers.",
        failing=f"{name}: one fails.",
        runbook="kong",
        minimum_healthy=minimum_healthy,
    )


def alarms_of(stack: cdk.Stack) -> dict[str, Json]:
    """Properties of each alarm by its logical id without the hash."""
    resources = Template.from_stack(stack).to_json()["Resources"]
    return {id_[:-8]: r["Properties"] for id_, r in resources.items() if r["Type"] == "AWS::CloudWatch::Alarm"}


@pytest.fixture(scope="module")
def alarms() -> dict[str, Json]:
    """Alarms of one resource of each kind."""
    stack = new_stack()
    audience = audience_in(stack)
    waiting = MetricSource(namespace="Spotmusic/Queues", name="ReadyMessages", dimensions={"Queue": "notifications"})
    ApplicationLoadBalancerAlarms(
        stack,
        "Gateway",
        audience=audience,
        name="gateway",
        load_balancer="app/gateway/1",
        target_groups={"Kong": targets("kong", minimum_healthy=2)},
    )
    NetworkLoadBalancerAlarms(
        stack, "Brokers", audience=audience, name="brokers", load_balancer="net/brokers/1", target_groups={"Amqp": targets("amqp")}
    )
    ServiceAlarms(stack, "Playback", audience=audience, name="playback", cluster_name="cluster", service_name="playback")
    DatabaseAlarms(stack, "Catalogue", audience=audience, name="catalogue", instance_identifier="catalogue", storage_gib=100, memory_gib=32)
    CacheAlarms(stack, "Cache", audience=audience, nodes=["cache-001", "cache-002"])
    rotation = WatchedFunction(
        function_name="rotation", summary="Passwords were not rotated.", runbook="secret-not-followed#a-rotation-that-fails"
    )
    FunctionAlarms(stack, "Functions", audience=audience, functions={"Rotation": rotation})
    KubernetesAlarms(stack, "Kubernetes", audience=audience, cluster_name="spotmusic-prod")
    NatGatewayAlarms(stack, "Nat", audience=audience, nat_gateways={"ZoneA": "nat-1"})
    CertificateAlarms(stack, "Certificate", audience=audience, certificates={"Gateway": "arn:aws:acm:sa-east-1:111122223333:certificate/1"})
    QueueAlarms(stack, "Queues", audience=audience, queues={"notifications": QueueWatch(metric=waiting, messages={"warning": 3000})})
    RestartAlarms(stack, "Restarts", audience=audience, group_name="weekly")
    return alarms_of(stack)


EVENTS = {"CacheFailoverWarning", "FunctionsRotationErrorsWarning", "RestartsDroppedWarning"}
"""Alarms on single events."""


def test_critical_alarms_reach_pagers(alarms: dict[str, Json]) -> None:
    for name, alarm in alarms.items():
        assert alarm["ActionsEnabled"] is True
        assert alarm["AlarmActions"] == ([TOPIC, PAGER] if name.endswith("Critical") else [TOPIC])


def test_event_alarms_have_no_ok_actions(alarms: dict[str, Json]) -> None:
    assert {name for name, alarm in alarms.items() if "OKActions" not in alarm} == EVENTS
    for name, alarm in alarms.items():
        assert (ENDS_BY_ITSELF in alarm["AlarmDescription"]) is (name in EVENTS)
        assert alarm.get("OKActions", alarm["AlarmActions"]) == alarm["AlarmActions"]


SUBJECTS = {
    "Gateway": "gateway|kong",
    "Brokers": "brokers|amqp",
    "Playback": "playback",
    "Catalogue": "catalogue",
    "CacheNode1": "node 1",
    "CacheNode2": "node 2",
    "CacheFailover": "Cache",
    "NatZoneA": "ZoneA",
    "CertificateGateway": "Gateway",
    "Queuesnotifications": "notifications",
    "Kubernetes": "Kubernetes",
    "Functions": "Passwords",
    "Restarts": "Weekly restart",
}


def test_alarm_texts_name_environment_and_subject(alarms: dict[str, Json]) -> None:
    for name, alarm in alarms.items():
        (subject,) = (subject for prefix, subject in SUBJECTS.items() if name.startswith(prefix))
        assert re.match(rf"\[prod\] [^.]*({subject})", alarm["AlarmDescription"]), name


def test_alarms_define_missing_data(alarms: dict[str, Json]) -> None:
    assert {alarm["TreatMissingData"] for alarm in alarms.values()} <= {"breaching", "notBreaching", "missing"}


def test_alarms_link_existing_runbooks(alarms: dict[str, Json]) -> None:
    for name, alarm in alarms.items():
        ((path, anchor),) = re.findall(r"Runbook: ([^#\s]+)(?:#(\S+))?$", alarm["AlarmDescription"])
        assert (ROOT / path).is_file(), f"{name}: {path}"
        assert not anchor or anchor in anchors(ROOT / path), f"{name}: {anchor}"


@pytest.mark.parametrize("runbook", sorted((ROOT / "docs" / "runbooks").glob("*.md")), ids=lambda path: path.stem)
def test_runbooks_contain_recovery_check(runbook: Path) -> None:
    assert "prove it is over" in runbook.read_text()


def test_function_alarm_fires_on_first_error(alarms: dict[str, Json]) -> None:
    alarm = alarms["FunctionsRotationErrorsWarning"]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"], alarm["Threshold"]) == ("AWS/Lambda", "Errors", "Sum", 1)
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": "rotation"}]
    assert (alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (1, "notBreaching")


def test_restart_alarm_fires_on_dropped_invocation(alarms: dict[str, Json]) -> None:
    alarm = alarms["RestartsDroppedWarning"]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Threshold"]) == ("AWS/Scheduler", "InvocationDroppedCount", 1)
    assert alarm["Dimensions"] == [{"Name": "ScheduleGroup", "Value": "weekly"}]


def test_severities_have_own_alarms() -> None:
    stack = new_stack()
    metric = MetricSource(namespace="Own", name="Waiting", statistic="p99", period=300)
    rule = AlarmRule(
        name="Waiting", summary="They wait.", watch=metric, thresholds={"warning": 10, "critical": 100}, periods=3, datapoints=2
    )
    audience = replace(audience_in(stack), runbooks="https://runbooks.example")
    AlarmGroup(stack, "Own", audience=audience, runbook="queue#no-consumer", rules=[rule])
    alarms = alarms_of(stack)
    assert {name: alarm["Threshold"] for name, alarm in alarms.items()} == {"OwnWaitingWarning": 10, "OwnWaitingCritical": 100}
    critical = alarms["OwnWaitingCritical"]
    assert critical["AlarmDescription"] == "[prod] They wait. Severity: critical. Runbook: https://runbooks.example/queue.md#no-consumer"
    assert (critical["ExtendedStatistic"], critical["Period"], critical["EvaluationPeriods"], critical["DatapointsToAlarm"]) == (
        "p99",
        300,
        3,
        2,
    )


def test_alarm_formula_returns_result_only() -> None:
    stack = new_stack()
    share = Formula(
        expression="bad / all",
        metrics={"bad": MetricSource(namespace="Own", name="Bad"), "all": MetricSource(namespace="Own", name="All")},
        label="share",
    )
    rule = AlarmRule(name="Share", summary="Too many are bad.", watch=share, thresholds={"critical": 0.5})
    AlarmGroup(stack, "Own", audience=audience_in(stack), runbook="queue", rules=[rule])
    (alarm,) = alarms_of(stack).values()
    returned = {metric["Id"]: metric["ReturnData"] for metric in alarm["Metrics"]}
    assert returned == {"result": True, "bad": False, "all": False}
    assert "MetricName" not in alarm


def test_application_load_balancer_alarms_are_complete(alarms: dict[str, Json]) -> None:
    assert {"GatewayErrorsCritical", "GatewayLatencyCritical", "GatewayKongHealthyCritical", "GatewayKongUnhealthyWarning"} <= set(alarms)
    assert alarms["GatewayLatencyCritical"]["ExtendedStatistic"] == "p99"
    healthy = alarms["GatewayKongHealthyCritical"]
    assert (healthy["ComparisonOperator"], healthy["Threshold"], healthy["TreatMissingData"]) == ("LessThanThreshold", 2, "breaching")


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
def test_error_rate_counts_requests_without_target(counts: dict[str, float], percent: float) -> None:
    assert value_of(error_rate("app/gateway/1").expression, counts) == pytest.approx(percent)


def test_service_alarm_compares_task_counts(alarms: dict[str, Json]) -> None:
    tasks = alarms["PlaybackTasksCritical"]
    names = {m["MetricStat"]["Metric"]["MetricName"] for m in tasks["Metrics"] if "MetricStat" in m}
    assert names == {"RunningTaskCount", "DesiredTaskCount"}


@pytest.mark.parametrize("name", ["Cpu", "Storage", "Memory", "Connections"])
def test_database_alarms_cover_capacity(alarms: dict[str, Json], name: str) -> None:
    assert {f"Catalogue{name}Warning", f"Catalogue{name}Critical"} <= set(alarms)


def test_storage_alarm_threshold_is_in_bytes(alarms: dict[str, Json]) -> None:
    storage = alarms["CatalogueStorageCritical"]
    assert storage["Threshold"] == pytest.approx(8 * 1024**3, rel=0.001)
    assert storage["ComparisonOperator"] == "LessThanThreshold"


def test_database_alarm_treats_missing_data_as_breaching(alarms: dict[str, Json]) -> None:
    assert alarms["CatalogueCpuCritical"]["TreatMissingData"] == "breaching"


@pytest.mark.parametrize("name", ["Cpu", "Memory", "Evictions", "Lag", "Connections"])
def test_cache_nodes_have_alarms(alarms: dict[str, Json], name: str) -> None:
    for number, node in ((1, "cache-001"), (2, "cache-002")):
        alarm = alarms[f"CacheNode{number}{name}Warning"]
        assert alarm["Dimensions"] == [{"Name": "CacheClusterId", "Value": node}]


def test_remaining_components_have_alarms(alarms: dict[str, Json]) -> None:
    expected = {"KubernetesUnschedulablePodsCritical", "NatZoneAPortsCritical", "CertificateGatewayCritical", "QueuesnotificationsWarning"}
    assert expected <= set(alarms)


@pytest.mark.parametrize(
    ("instance_class", "gib"), [("t4g.medium", 4), ("t4g.micro", 1), ("m7g.large", 8), ("r8g.xlarge", 32), ("r8g.4xlarge", 128)]
)
def test_instance_class_memory_is_known(instance_class: str, gib: int) -> None:
    assert memory_gib(instance_class) == gib


@pytest.mark.parametrize("instance_class", ["x2g.large", "r8g.metal", "r8g"])
def test_unknown_instance_class_is_rejected(instance_class: str) -> None:
    with pytest.raises(ValueError, match=instance_class):
        memory_gib(instance_class)


def test_default_connections_follow_memory() -> None:
    assert default_connections(4) == 341


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
def test_cache_failover_alarm_follows_roles(alarms: dict[str, Json], before: dict[str, float], now: dict[str, float], rings: bool) -> None:
    alarm = alarms["CacheFailoverWarning"]
    value = value_of(alarm["Metrics"][0]["Expression"], now, before)
    assert value is not None
    assert (value >= alarm["Threshold"]) is rings
    assert alarm["DatapointsToAlarm"] == 1


def test_certificate_alarm_follows_failed_renewal(alarms: dict[str, Json]) -> None:
    """ACM renews certificates of 198 days 45 days before their end.

    Renewal takes days, so an alarm at 45 days would fire each time.
    """
    assert alarms["CertificateGatewayWarning"]["Threshold"] <= 45 - 14
