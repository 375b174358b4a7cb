"""Options and errors of experiment templates; P-135 covers those of environments."""

from contextlib import nullcontext

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from spotmusic_constructs.resilience import fault_actions
from spotmusic_constructs.resilience.experiment import Target
from spotmusic_constructs.resilience.fault_injection import FaultInjection
from tests.unit.imported import key_of

TAGS = {"Project": "spotmusic", "Env": "test"}


def test_broker_deletion_has_grace_period_on_request() -> None:
    names = {
        "cluster": "spotmusic-test",
        "namespace": "redpanda",
        "label": "app=redpanda",
        "service_account": "faults",
        "image": "fis:1",
    }
    brokers = fault_actions.Brokers(**names)
    assert "gracePeriodSeconds" not in brokers.deleted().parameters
    assert brokers.deleted(grace_seconds=0).parameters["gracePeriodSeconds"] == "0"


def test_database_target_excludes_restored_copies() -> None:
    target = fault_actions.database_failed_over("spotmusic-test-catalogue", tags=TAGS).target
    assert target.filters == {"DBInstanceIdentifier": "spotmusic-test-catalogue"}


def test_failover_zone_is_optional() -> None:
    anywhere = fault_actions.database_failed_over("catalogue", tags=TAGS)
    here = fault_actions.database_failed_over("catalogue", tags=TAGS, zone="sa-east-1b")
    assert (anywhere.target.parameters, here.target.parameters) == (
        {},
        {"availabilityZoneIdentifiers": "sa-east-1b"},
    )


@pytest.mark.parametrize("resource_type", ["aws:ec2:subnet", "aws:eks:pod"])
def test_unrestricted_target_is_rejected(resource_type: str) -> None:
    with pytest.raises(ValueError, match="no target is selected"):
        Target(resource_type=resource_type)


@pytest.mark.parametrize(
    ("value", "accepted"),
    [
        ("app=redpanda,tier=broker", False),
        ("", False),
        ("app.kubernetes.io/name=redpanda", True),
        (cdk.Aws.STACK_NAME, True),
    ],
    ids=["two labels", "nothing", "one label", "token"],
)
def test_target_rejects_invalid_parameter(value: str, accepted: bool) -> None:
    with (
        nullcontext()
        if accepted
        else pytest.raises(ValueError, match="AWS FIS rejects selectorValue=")
    ):
        Target(
            resource_type="aws:eks:pod",
            parameters={"namespace": "redpanda", "selectorValue": value},
        )


def test_experiment_requires_stop_alarm(stack: cdk.Stack) -> None:
    injection = FaultInjection(
        stack, "Faults", name="experiments", stop_alarms=[], key=key_of(stack)
    )
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("fis.amazonaws.com"))
    action = fault_actions.task_stopped(cluster_name="services", service="playback", tags=TAGS)
    with pytest.raises(ValueError, match="stop_alarms is empty"):
        injection.add("Task", description="A task stops", actions={"task": action}, role=role)
