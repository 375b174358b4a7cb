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
def test_listener_dependencies_have_alarms(resources: Json, name: str) -> None:
    assert [id_ for id_, resource in resources.items() if id_[:-8] == name and resource["Type"] == "AWS::CloudWatch::Alarm"]


def test_cache_nodes_and_nat_gateways_have_alarms(resources: Json) -> None:
    names = {id_[:-8] for id_ in resources}
    assert {f"CacheAlarmsNode{number}CpuCritical" for number in (1, 2, 3)} <= names
    assert {f"NatAlarmsZone{zone}PortsCritical" for zone in "ABC"} <= names


def test_gateway_alarm_tolerates_lost_zone(resources: Json) -> None:
    (healthy,) = (r["Properties"] for id_, r in resources.items() if id_.startswith("GatewayAlarmsKongHealthyCritical"))
    assert healthy["Threshold"] == 2


def test_alarms_without_actions_are_inputs(resources: Json) -> None:
    without_actions = {
        id_ for id_, r in resources.items() if r["Type"] == "AWS::CloudWatch::Alarm" and not r["Properties"].get("AlarmActions")
    }
    rules = str([r["Properties"]["AlarmRule"] for r in resources.values() if r["Type"] == "AWS::CloudWatch::CompositeAlarm"])
    stops = str([r["Properties"]["StopConditions"] for r in resources.values() if r["Type"] == "AWS::FIS::ExperimentTemplate"])
    assert without_actions
    assert all(id_ in rules or id_ in stops for id_ in without_actions)


def test_monitoring_release_depends_on_its_secrets(resources: Json) -> None:
    (release,) = (r for id_, r in resources.items() if id_.startswith("MonitoringRelease") and r["Type"] == "Custom::AWSCDK-EKS-HelmChart")
    assert any(dependency.startswith("MonitoringTrust") for dependency in release["DependsOn"])
