"""Health checks of load balancers: path, port, interval and thresholds."""

from collections.abc import Iterator

from tests.properties.balancers import attributes
from tests.properties.promise import Verdicts, rule
from tests.properties.releases import releases_of
from tests.properties.services import services_of
from tools.model.assembly import Assembly, Resource
from tools.model.values import at

GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"
UNSAID = {
    "HealthCheckIntervalSeconds": 30,
    "HealthCheckTimeoutSeconds": 5,
    "HealthyThresholdCount": 5,
    "UnhealthyThresholdCount": 2,
}
"""Defaults of Elastic Load Balancing (Elastic Load Balancing API reference, CreateTargetGroup)."""
GONE_SECONDS = 60
"""Seconds until a lost target receives no more requests: half of the two minutes that docs/slo.md
allows for a loss. Takeover uses the other half."""
BACK_SECONDS = 60
"""Maximum seconds until a healthy target receives requests. A rolling deployment waits for each
batch."""
KONG_READY = "/status/ready"
"""Path that Kong serves once configured (Kong Gateway 3.9, readiness). The readiness probe of the
chart uses it too."""


def said(group: Resource, property_: str) -> int:
    value = group[property_]
    return int(UNSAID[property_] if value is None else value)


@rule
def test_health_checks_need_several_failures(platform: Assembly) -> Verdicts:
    for group in platform.some(GROUP):
        interval, timeout, healthy, unhealthy = (said(group, property_) for property_ in UNSAID)
        holds = 5 <= interval <= 300 and 2 <= timeout < interval
        yield (
            group,
            holds,
            (
                f"The interval of {interval} s is shorter than the timeout of {timeout} s. "
                "Raise the interval."
            ),
        )
        noticed = interval * unhealthy + timeout
        yield (
            group,
            noticed <= GONE_SECONDS,
            (
                f"A lost target receives requests for {noticed} s. "
                "Lower the interval or the threshold."
            ),
        )
        yield (
            group,
            interval * healthy <= BACK_SECONDS,
            f"A new target waits {interval * healthy} s. Lower the interval or the threshold.",
        )
        yield (
            group,
            min(healthy, unhealthy) >= 2,
            "Set a threshold of two or more: a single response may be chance.",
        )


@rule
def test_health_checks_use_target_port(platform: Assembly) -> Verdicts:
    """tests/charts/connections.py checks the ports of pods that join a target group."""
    for group in platform.some(GROUP):
        yield (
            group,
            attributes(group, "TargetGroupAttributes").get("stickiness.enabled", "false")
            == "false",
            "Let any target answer.",
        )
    for service in services_of(platform):
        for group in service.target_groups:
            yield (
                group,
                group["Port"] == service.settings.port,
                f"Set the port {service.settings.port} of {service.name}.",
            )
            same = group["HealthCheckPort"] in (None, "traffic-port", str(service.settings.port))
            yield (
                group,
                same and group["HealthCheckProtocol"] in (None, "HTTP"),
                "Check the port and protocol of the service.",
            )
    for group in of_the_gateway(platform):
        status = at(releases_of(platform)["kong"].values, "status.http.containerPort")
        yield (
            group,
            group["HealthCheckPort"] == str(status),
            f"Use port {status}, the status port of Kong.",
        )
        asked = group["HealthCheckPath"] == KONG_READY and group["HealthCheckProtocol"] in (
            None,
            "HTTP",
        )
        yield (
            group,
            asked,
            f"Check {KONG_READY}: without a configuration Kong responds with 404 to all paths.",
        )


def of_the_gateway(platform: Assembly) -> Iterator[Resource]:
    """Target groups of pods with HTTP health checks; brokers have TCP health checks."""
    return (
        group
        for group in platform.some(GROUP, stack="network")
        if str(group["Protocol"]).startswith("HTTP")
    )
