"""Listeners of the brokers' load balancer; P-116 decides TLS, logs and protection."""

from typing import Any

import pytest

from spotmusic_constructs.streaming.broker_load_balancer import BrokerLoadBalancer
from tests.conftest import new_stack
from tests.templates import Resources, all_of, properties_of, resources_of
from tests.unit.imported import group_of, load_balancer_arguments
from tools.model.values import Json

LISTENER, GROUP = (f"AWS::ElasticLoadBalancingV2::{kind}" for kind in ("Listener", "TargetGroup"))


def synthesize(*, certificate: bool, **more: Any) -> Resources:
    stack = new_stack()
    group = group_of(stack, "sg-brokers")
    given = load_balancer_arguments(stack, certificate=certificate)
    BrokerLoadBalancer(stack, "Brokers", security_group=group, **given, **more)
    return resources_of(stack)


def ports(resources: Resources) -> dict[int, int]:
    """Pod ports by listener port."""
    groups = properties_of(resources, GROUP)
    return {
        listener["Port"]: groups[group_behind(listener)]["Port"]
        for listener in all_of(resources, LISTENER)
    }


def group_behind(listener: Json) -> str:
    (action,) = listener["DefaultActions"]
    return str(action["TargetGroupArn"]["Ref"])


@pytest.fixture(scope="module")
def full() -> Resources:
    return synthesize(certificate=True, brokers=5, management=True)


def test_brokers_have_own_listeners_and_groups(full: Resources) -> None:
    kafka = dict.fromkeys((9093, 9100, 9101, 9102, 9103, 9104), 9094)
    assert ports(full) == {**kafka, 9099: 8084, 5671: 5671, 15671: 15671}
    groups = [group_behind(listener) for listener in all_of(full, LISTENER)]
    assert len(set(groups)) == len(groups)


def test_broker_target_groups_have_cluster_tag(full: Resources) -> None:
    """EKS Auto Mode registers pods in target groups with this tag only."""
    for group in all_of(full, GROUP):
        assert {"Key": "eks:eks-cluster-name", "Value": "spotmusic-test"} in group["Tags"]


def test_broker_listeners_without_certificate_use_tcp() -> None:
    without_domain = synthesize(certificate=False, deletion_protection=False)
    assert ports(without_domain).keys() == {9093, 9099, 9100, 9101, 9102, 5671}
    for type_ in (LISTENER, GROUP):
        assert {found["Protocol"] for found in all_of(without_domain, type_)} == {"TCP"}
