"""Listener and targets of the gateway's load balancer; P-115 decides TLS, logs and protection."""

from typing import Any

import pytest

from spotmusic_constructs.gateway.gateway_load_balancer import GatewayLoadBalancer
from tests.conftest import new_stack
from tests.templates import Resources, only, resources_of
from tests.unit.imported import CERTIFICATE, group_of, load_balancer_arguments
from tools.model.values import Json


def synthesize(*, certificate: bool, **more: Any) -> Resources:
    stack = new_stack()
    group = group_of(stack, "sg-gateway")
    given = load_balancer_arguments(stack, certificate=certificate)
    GatewayLoadBalancer(stack, "Gateway", security_group=group, **given, **more)
    return resources_of(stack)


def part(resources: Resources, kind: str) -> Json:
    return only(resources, f"AWS::ElasticLoadBalancingV2::{kind}")


@pytest.fixture(scope="module")
def full() -> Resources:
    return synthesize(certificate=True)


def test_gateway_load_balancer_shifts_away_from_zones(full: Resources) -> None:
    assert {"Key": "zonal_shift.config.enabled", "Value": "true"} in part(full, "LoadBalancer")[
        "LoadBalancerAttributes"
    ]


def test_gateway_listener_forwards_to_pods_over_tls(full: Resources) -> None:
    listener, group = part(full, "Listener"), part(full, "TargetGroup")
    assert (listener["Port"], listener["Certificates"]) == (443, [{"CertificateArn": CERTIFICATE}])
    assert (group["Protocol"], group["Port"]) == ("HTTPS", 8443)


def test_auto_mode_may_register_pods(full: Resources) -> None:
    assert {"Key": "eks:eks-cluster-name", "Value": "spotmusic-test"} in part(full, "TargetGroup")[
        "Tags"
    ]


def test_gateway_without_domain_listens_on_http() -> None:
    without_domain = synthesize(certificate=False, deletion_protection=False)
    listener, balancer = part(without_domain, "Listener"), part(without_domain, "LoadBalancer")
    assert (listener["Port"], listener["Protocol"]) == (80, "HTTP")
    assert {"Key": "deletion_protection.enabled", "Value": "false"} in balancer[
        "LoadBalancerAttributes"
    ]
