from collections.abc import Callable

import pytest

from tests.model.values import Json

DEPENDENCIES = (
    "GatewayAlarmsErrorsCritical",
    "GatewayAlarmsLatencyCritical",
    "GatewayAlarmsKongHealthyCritical",
    "ServicesAlarmsErrorsCritical",
    "ServicesAlarmsLatencyCritical",
    "BrokerAlarmsKafkaHealthyCritical",
    "BrokerAlarmsAmqpHealthyCritical",
    "BrokerAlarmsSchemaRegistryHealthyCritical",
    "BrokerAlarmsManagementHealthyCritical",
    "ServiceplaybackTasksCritical",
    "CatalogueAlarmsCpuCritical",
    "CatalogueAlarmsStorageCritical",
    "CatalogueAlarmsConnectionsCritical",
    "IdentityAlarmsCpuCritical",
    "CacheAlarmsNode1CpuCritical",
    "CacheAlarmsNode1EvictionsWarning",
    "CacheAlarmsNode1MemoryCritical",
    "CacheAlarmsNode1LagCritical",
    "NatAlarmsZoneAPortsCritical",
    "KubernetesAlarmsUnschedulablePodsCritical",
    "QueueAlarmsnotificationsCritical",
    "EventAlarmsFailedBackupsCountCritical",
    "EventAlarmsFailedRestoresCountCritical",
    "EventAlarmsExpiringCertificatesCountCritical",
    "FunctionAlarmsRestoreValidationErrorsCritical",
    "FunctionAlarmsIdentityRotationErrorsWarning",
    "FunctionAlarmsCacheRotationErrorsWarning",
)


@pytest.fixture(scope="module")
def resources(templates: Callable[[str], dict[str, Json]]) -> Json:
    found: Json = templates("prod")["observability"]["Resources"]
    return found


@pytest.mark.parametrize("name", DEPENDENCIES)
def test_whatever_listeners_depend_on_has_an_alarm(resources: Json, name: str) -> None:
    assert [id_ for id_, resource in resources.items() if id_[:-8] == name and resource["Type"] == "AWS::CloudWatch::Alarm"]


def test_every_node_of_the_cache_and_every_way_out_is_watched(resources: Json) -> None:
    names = {id_[:-8] for id_ in resources}
    assert {f"CacheAlarmsNode{number}CpuCritical" for number in (1, 2, 3)} <= names
    assert {f"NatAlarmsZone{zone}PortsCritical" for zone in "ABC"} <= names


def test_the_gateway_alarms_when_less_is_left_than_the_loss_of_a_zone_leaves(resources: Json) -> None:
    (healthy,) = (r["Properties"] for id_, r in resources.items() if id_.startswith("GatewayAlarmsKongHealthyCritical"))
    assert healthy["Threshold"] == 2


def test_an_alarm_that_tells_nobody_is_a_window_of_an_objective_or_ends_experiments(resources: Json) -> None:
    silent = {id_ for id_, r in resources.items() if r["Type"] == "AWS::CloudWatch::Alarm" and not r["Properties"].get("AlarmActions")}
    rules = str([r["Properties"]["AlarmRule"] for r in resources.values() if r["Type"] == "AWS::CloudWatch::CompositeAlarm"])
    stops = str([r["Properties"]["StopConditions"] for r in resources.values() if r["Type"] == "AWS::FIS::ExperimentTemplate"])
    assert silent
    assert all(id_ in rules or id_ in stops for id_ in silent)


def test_monitoring_comes_after_the_secrets_that_it_names(resources: Json) -> None:
    (release,) = (r for id_, r in resources.items() if id_.startswith("MonitoringRelease") and r["Type"] == "Custom::AWSCDK-EKS-HelmChart")
    assert any(dependency.startswith("MonitoringTrust") for dependency in release["DependsOn"])
