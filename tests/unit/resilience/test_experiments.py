"""Experiment templates: their content and rejected options."""

from contextlib import nullcontext
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template

from spotmusic_constructs.resilience import fault_actions
from spotmusic_constructs.resilience.experiment import Action, Target
from spotmusic_constructs.resilience.experiment_role import ExperimentRole, network_rights, pod_rights
from spotmusic_constructs.resilience.fault_injection import FaultInjection, admit_to_cluster
from tests.conftest import new_stack

TAGS = {"Project": "spotmusic", "Env": "test"}
BROKERS = fault_actions.Brokers(
    cluster="spotmusic-test",
    namespace="redpanda",
    label="app=redpanda",
    service_account="faults",
    image="aws-fis:1",
)


def injection_in(stack: cdk.Stack) -> FaultInjection:
    alarm = cloudwatch.CfnAlarm(stack, "Errors", comparison_operator="GreaterThanThreshold", evaluation_periods=1)
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:sa-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab")
    return FaultInjection(stack, "Faults", name="experiments", stop_alarms=[alarm], key=key)


@pytest.fixture(scope="module")
def stack() -> cdk.Stack:
    stack = new_stack()
    injection = injection_in(stack)
    network = ExperimentRole(stack, "Network", rights=[network_rights(stack, "vpc-1")]).role
    pods = ExperimentRole(stack, "Pods", rights=[pod_rights(stack, "spotmusic-test")]).role
    admit_to_cluster(stack, "Access", cluster="spotmusic-test", role=pods, user="faults")
    zone = fault_actions.zone_cut_off("sa-east-1a", vpc_id="vpc-1", tags=TAGS)
    injection.add("Zone", description="A zone is cut off", actions={"zone": zone}, role=network, may_miss=True)
    sudden = BROKERS.deleted(grace_seconds=0, zone="sa-east-1b")
    injection.add("Broker", description="A broker goes", actions={"broker": BROKERS.deleted(), "sudden": sudden}, role=pods)
    return stack


@pytest.fixture(scope="module")
def resources(stack: cdk.Stack) -> dict[str, Any]:
    found: dict[str, Any] = Template.from_stack(stack).to_json()["Resources"]
    return found


def experiment(resources: dict[str, Any], name: str) -> dict[str, Any]:
    templates = (r["Properties"] for r in resources.values() if r["Type"] == "AWS::FIS::ExperimentTemplate")
    return next(template for template in templates if template["Tags"]["Name"] == name)


def test_zone_experiment_targets_subnets(resources: dict[str, Any]) -> None:
    zone = experiment(resources, "Zone")
    assert zone["Targets"]["zone"] == {
        "ResourceType": "aws:ec2:subnet",
        "ResourceTags": TAGS,
        "Parameters": {"availabilityZoneIdentifier": "sa-east-1a", "vpc": "vpc-1"},
        "SelectionMode": "ALL",
    }
    assert zone["Actions"]["zone"]["Parameters"] == {"scope": "all", "duration": "PT10M"}


def test_broker_experiment_targets_one_pod(resources: dict[str, Any]) -> None:
    broker = experiment(resources, "Broker")
    assert broker["Targets"]["broker"]["SelectionMode"] == "COUNT(1)"
    assert broker["Targets"]["broker"]["Parameters"]["selectorValue"] == "app=redpanda"
    assert "gracePeriodSeconds" not in broker["Actions"]["broker"]["Parameters"]


def test_sudden_pod_deletion_has_no_grace_period(resources: dict[str, Any]) -> None:
    broker = experiment(resources, "Broker")
    assert broker["Actions"]["sudden"]["Parameters"]["gracePeriodSeconds"] == "0"
    assert broker["Targets"]["sudden"]["Parameters"]["availabilityZoneIdentifier"] == "sa-east-1b"


def test_experiment_log_group_admits_delivery(resources: dict[str, Any]) -> None:
    log = experiment(resources, "Zone")["LogConfiguration"]
    (group,) = (id_ for id_, r in resources.items() if r["Type"] == "AWS::Logs::LogGroup")
    assert log == {"CloudWatchLogsConfiguration": {"LogGroupArn": {"Fn::GetAtt": [group, "Arn"]}}, "LogSchemaVersion": 2}
    (policy,) = (r["Properties"] for r in resources.values() if r["Type"] == "AWS::Logs::ResourcePolicy")
    assert group in str(policy["PolicyDocument"])


def test_experiment_access_entry_has_no_policy(resources: dict[str, Any]) -> None:
    (entry,) = (r["Properties"] for r in resources.values() if r["Type"] == "AWS::EKS::AccessEntry")
    assert (entry["Username"], entry["Type"], entry.get("AccessPolicies")) == ("faults", "STANDARD", None)


def test_cache_target_uses_tags_and_zone() -> None:
    cache = fault_actions.cache_without_power("sa-east-1c", tags=TAGS).target
    assert (cache.tags, cache.parameters) == (TAGS, {"availabilityZoneIdentifier": "sa-east-1c"})


def test_database_target_excludes_restored_copies() -> None:
    assert fault_actions.database_failed_over("spotmusic-test-catalogue", tags=TAGS).target.filters == {
        "DBInstanceIdentifier": "spotmusic-test-catalogue"
    }


@pytest.mark.parametrize("resource_type", ["aws:ec2:subnet", "aws:eks:pod"])
def test_unrestricted_target_is_rejected(resource_type: str) -> None:
    with pytest.raises(ValueError, match="nothing says which"):
        Target(resource_type=resource_type)


@pytest.mark.parametrize(
    ("value", "accepted"), [("app=redpanda,tier=broker", False), ("", False), ("app.kubernetes.io/name=redpanda", True)]
)
def test_target_rejects_invalid_parameter(value: str, accepted: bool) -> None:
    with nullcontext() if accepted else pytest.raises(ValueError, match="selectorValue: AWS FIS refuses"):
        Target(resource_type="aws:eks:pod", parameters={"namespace": "redpanda", "selectorValue": value})


def test_target_accepts_unresolved_parameter() -> None:
    Target(resource_type="aws:eks:pod", parameters={"clusterIdentifier": cdk.Aws.STACK_NAME})


def test_experiment_requires_stop_alarm() -> None:
    stack = new_stack()
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:sa-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab")
    injection = FaultInjection(stack, "Faults", name="experiments", stop_alarms=[], key=key)
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("fis.amazonaws.com"))
    action: Action = fault_actions.task_stopped(cluster="services", service="playback", tags=TAGS)
    with pytest.raises(ValueError, match="nothing would stop it"):
        injection.add("Task", description="A task stops", actions={"task": action}, role=role)


def test_failover_zone_is_optional() -> None:
    anywhere = fault_actions.database_failed_over("catalogue", tags=TAGS)
    here = fault_actions.database_failed_over("catalogue", tags=TAGS, zone="sa-east-1b")
    assert (anywhere.target.parameters, here.target.parameters) == ({}, {"availabilityZoneIdentifiers": "sa-east-1b"})
    assert anywhere.parameters == here.parameters == {"forceFailover": "true"}


def test_experiment_without_target_fails_by_default(resources: dict[str, Any]) -> None:
    modes = {name: experiment(resources, name)["ExperimentOptions"]["EmptyTargetResolutionMode"] for name in ("Zone", "Broker")}
    assert modes == {"Zone": "skip", "Broker": "fail"}


def test_experiment_actions_start_together(resources: dict[str, Any]) -> None:
    assert all("StartAfter" not in action for action in experiment(resources, "Broker")["Actions"].values())
