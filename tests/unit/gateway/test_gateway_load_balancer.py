"""Listener and targets of the gateway's load balancer; P-115 decides TLS, logs and protection."""

from typing import Any

import pytest
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_route53 as route53

from spotmusic_constructs.gateway.gateway_load_balancer import GatewayLoadBalancer
from tests.conftest import new_stack
from tests.templates import Resources, only, resources_of
from tests.unit.imported import group_of, logs_of, vpc_of
from tools.model.values import Json

CERTIFICATE = "arn:aws:acm:sa-east-1:111122223333:certificate/1"


def synthesize(*, certificate: bool, **more: Any) -> Resources:
    stack = new_stack()
    GatewayLoadBalancer(
        stack,
        "Gateway",
        vpc=vpc_of(stack),
        security_group=group_of(stack, "sg-gateway"),
        certificate=acm.Certificate.from_certificate_arn(stack, "Certificate", CERTIFICATE)
        if certificate
        else None,
        hosted_zone=route53.PrivateHostedZone.from_hosted_zone_attributes(
            stack, "Zone", hosted_zone_id="Z1", zone_name="internal.example"
        ),
        access_logs=logs_of(stack),
        cluster_name="spotmusic-test",
        **more,
    )
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
