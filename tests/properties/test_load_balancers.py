"""Promises: Load balancers."""

import re
from collections import Counter

from tests.properties.balancers import (
    BALANCER,
    addresses,
    attributes,
    balancers,
    certificates,
    is_for,
    listeners,
)
from tests.properties.promise import Verdicts, promise
from tools.model.assembly import Assembly, Resource

TLS_POLICY = re.compile(r"ELBSecurityPolicy-TLS13-1-(2-Res|3)(-FIPS)?(-PQ)?-20\d\d-\d\d")
"""TLS 1.3, with or without 1.2 limited to forward secrecy and authenticated ciphers (Elastic Load
Balancing, security policies)."""


def said_of(balancer: Resource) -> dict[str, str]:
    return attributes(balancer, "LoadBalancerAttributes")


def protected(balancer: Resource) -> Verdicts:
    yield (
        f"{balancer.name} deletion",
        said_of(balancer).get("deletion_protection.enabled") == "true",
        "Set production: true.",
    )


def recorded(balancer: Resource, *kinds: str) -> Verdicts:
    """Each kind of log is written to the log bucket under a unique prefix."""
    platform = balancer.platform
    (logs,) = (
        bucket
        for bucket in platform.some("AWS::S3::Bucket")
        if bucket.name == "network/BalancerLogsBucket"
    )
    prefixes = Counter(
        value
        for b in platform.some(BALANCER)
        for key, value in said_of(b).items()
        if key.endswith("_logs.s3.prefix")
    )
    for kind in kinds:
        said = {
            key: said_of(balancer).get(f"{kind}_logs.s3.{key}", "")
            for key in ("enabled", "bucket", "prefix")
        }
        there = said["enabled"] == "true" and said["bucket"] == f"${{network/{logs.id}}}"
        yield balancer, there, f"Send its {kind} logs to the log bucket."
        yield (
            balancer,
            prefixes[said["prefix"]] == 1,
            f"Give its {kind} logs a prefix of their own.",
        )
    policies = {
        policy.id
        for policy in platform.all("AWS::S3::BucketPolicy", stack=balancer.stack)
        if policy.target("Bucket") is logs
    }
    waits = policies <= set(balancer.body.get("DependsOn", []))
    yield (
        balancer,
        waits,
        "Add a dependency on the policy of the log bucket: enabling logs writes a test object.",
    )


def encrypted(balancer: Resource, protocol: str) -> Verdicts:
    """Each listener uses a current TLS policy and a certificate for each name of the balancer."""
    names = addresses(balancer)
    yield balancer, bool(names) and bool(listeners(balancer)), "Give it an address and a listener."
    for listener in listeners(balancer):
        yield (
            listener,
            listener["Protocol"] == protocol,
            f"It speaks {listener['Protocol']}. Listen with {protocol}: set domain.",
        )
        yield (
            listener,
            bool(TLS_POLICY.fullmatch(listener["SslPolicy"] or "")),
            "Use a security policy of TLS 1.3 and restricted TLS 1.2.",
        )
        shown = certificates(listener)
        fits = bool(shown) and all(
            any(is_for(certificate, name) for certificate in shown) for name in names
        )
        yield listener, fits, f"Show a certificate for {', '.join(names)}."


@promise
def test_p115_application_load_balancers_are_hardened(platform: Assembly) -> Verdicts:
    """Application load balancers use TLS 1.3 or restricted TLS 1.2 with a certificate for their
    name, drop invalid headers, have deletion protection, and log requests and connections.

    Kept by: `GatewayLoadBalancer`, `ServicesLoadBalancer`
    """
    for balancer in balancers(platform, "application"):
        said = said_of(balancer)
        dropped = said.get("routing.http.drop_invalid_header_fields.enabled") == "true"
        yield balancer, dropped, "Drop headers with invalid names."
        strict = said.get("routing.http.desync_mitigation_mode") == "strictest"
        yield (
            balancer,
            strict,
            (
                "Refuse requests that two servers would cut apart differently: "
                "desync mitigation strictest."
            ),
        )
        yield from recorded(balancer, "access", "connection")
        yield from protected(balancer)
        yield from encrypted(balancer, "HTTPS")
        for group in {
            group
            for listener in listeners(balancer)
            for group in listener.mentions("DefaultActions")
        }:
            holds = group["TargetType"] == "ip" and bool(group["HealthCheckPath"])
            yield (
                group,
                holds,
                "Check the health of each pod by a path that only a ready one answers.",
            )


@promise
def test_p116_network_load_balancers_are_hardened(platform: Assembly) -> Verdicts:
    """The network load balancer of the brokers follows the same rules and also uses TLS towards its
    targets. It serves all zones and has a security group.

    Kept by: `BrokerLoadBalancer`
    """
    for balancer in balancers(platform, "network"):
        across = said_of(balancer).get("load_balancing.cross_zone.enabled") == "true"
        yield balancer, across, "Enable cross-zone load balancing: a broker runs in one zone only."
        yield (
            balancer,
            bool(balancer.targets("SecurityGroups")),
            "Give it a security group now: none can be added later.",
        )
        yield from recorded(balancer, "access")
        yield from protected(balancer)
        yield from encrypted(balancer, "TLS")
        for listener in listeners(balancer):
            if listener["Protocol"] == "TLS":
                behind = [group["Protocol"] for group in listener.mentions("DefaultActions")]
                yield listener, behind == ["TLS"], "Encrypt on the way to the brokers too."
