"""Timeouts of hops: a longer timeout and a shorter keep-alive than the next hop.

Otherwise a hop times out before the next one and hides its error, or it sends a request on a
connection that is being closed.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.templates import all_of
from tools.checkout import ROOT
from tools.model.templates import Template

if TYPE_CHECKING:
    from tools.model.cluster import RenderedCluster

BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
CONTRACT = ROOT / "constructs" / "spotmusic_constructs" / "services" / "README.md"
KEPT_BY_CLOUDFRONT = 5
"""Default keep-alive of CloudFront's idle connections to an origin, in seconds (CloudFront
developer guide, origin keep-alive)."""
KEPT_BY_NGINX = 75
"""Seconds that Kong keeps idle connections of clients: the default of nginx and Kong (Kong 3.9,
nginx_kong.lua)."""
KEYCLOAK_KEEPS = 1800
"""Seconds that Keycloak keeps idle connections (Quarkus, quarkus.http.idle-timeout)."""


@dataclass(frozen=True)
class Hops:
    """Timeouts of the hops, in seconds."""

    cloudfront: int
    attempts: int
    gateway_balancer: int
    services_balancer: int
    connect: float
    kong: float
    kept_by_kong: int
    retries: int
    task: int
    kept_by_task: int
    called: set[int]
    drained: set[int]
    forwarded_for: str


@pytest.fixture(params=["dev", "prod"])
def hops(
    request: pytest.FixtureRequest,
    templates: Callable[[str], dict[str, Template]],
    deployed: Callable[[str], "RenderedCluster"],
) -> Hops:
    made, kong = templates(request.param), deployed(request.param).releases["kong"].values
    (distribution,) = all_of(made["edge"]["Resources"], "AWS::CloudFront::Distribution")
    (origin,) = (o for o in distribution["DistributionConfig"]["Origins"] if "VpcOriginConfig" in o)
    services = json.loads(kong["dblessConfig"]["config"])["services"]
    contract = CONTRACT.read_text()
    gateway, balancer = (
        attributes(made["network"], BALANCER),
        attributes(made["ecs-services"], BALANCER),
    )
    connected = [
        c["ServiceConnectConfiguration"]
        for c in all_of(made["ecs-services"]["Resources"], "AWS::ECS::Service")
    ]
    groups = [
        group["TargetGroupAttributes"]
        for group in all_of(
            made["ecs-services"]["Resources"], "AWS::ElasticLoadBalancingV2::TargetGroup"
        )
    ]
    return Hops(
        cloudfront=origin["VpcOriginConfig"]["OriginReadTimeout"],
        attempts=origin["ConnectionAttempts"],
        gateway_balancer=int(gateway["idle_timeout.timeout_seconds"]),
        services_balancer=int(balancer["idle_timeout.timeout_seconds"]),
        connect=max(service["connect_timeout"] for service in services) / 1000,
        kong=max(service[f"{kind}_timeout"] for service in services for kind in ("read", "write"))
        / 1000,
        kept_by_kong=int(kong["env"]["upstream_keepalive_idle_timeout"]),
        retries=max(service["retries"] for service in services),
        task=said(contract, r"Answer within (\d+) seconds"),
        kept_by_task=said(contract, r"idle connections for (\d+) seconds"),
        called={
            part["Timeout"]["PerRequestTimeoutSeconds"]
            for one in connected
            for part in one.get("Services", ())
        },
        drained={
            int(a["Value"])
            for group in groups
            for a in group
            if a["Key"] == "deregistration_delay.timeout_seconds"
        },
        forwarded_for=balancer["routing.http.xff_header_processing.mode"],
    )


def attributes(template: Template, type_: str) -> dict[str, Any]:
    """Attributes of the only application load balancer of a stack."""
    (found,) = (
        balancer
        for balancer in all_of(template["Resources"], type_)
        if balancer.get("Type", "application") == "application"
    )
    return {entry["Key"]: entry["Value"] for entry in found["LoadBalancerAttributes"]}


def said(text: str, pattern: str) -> int:
    (found,) = re.findall(pattern, text)
    return int(found)


def test_timeouts_shrink_from_outside_in(hops: Hops) -> None:
    waits = [
        hops.cloudfront,
        hops.gateway_balancer,
        hops.connect + hops.kong,
        hops.task,
        max(hops.called),
    ]
    assert waits == sorted(waits, reverse=True)
    assert len(set(waits)) == len(waits)
    assert hops.services_balancer > hops.kong


def test_kong_sends_no_request_twice(hops: Hops) -> None:
    assert hops.retries == 0
    assert hops.attempts <= 2


def kept(hops: Hops) -> Iterator[tuple[int, int]]:
    """Yield the keep-alive of two neighbours: of the sender, and of the receiver."""
    yield KEPT_BY_CLOUDFRONT, hops.gateway_balancer
    yield hops.gateway_balancer, KEPT_BY_NGINX
    yield hops.kept_by_kong, hops.services_balancer
    yield hops.kept_by_kong, KEYCLOAK_KEEPS
    yield hops.services_balancer, hops.kept_by_task


def test_idle_connections_are_kept_longer_behind(hops: Hops) -> None:
    assert all(front < behind for front, behind in kept(hops))


def test_draining_outlasts_requests(hops: Hops) -> None:
    assert min(hops.drained) > hops.kong


def test_viewer_address_reaches_services_alone(hops: Hops) -> None:
    assert hops.forwarded_for == "preserve"
