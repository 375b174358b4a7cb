"""Checks of available quotas against the requirements."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

from spotmusic_cdk.settings import Settings
from tools.preflight.finding import Ask, Context, Finding, pages, standing, unless, verdict

KONG_VCPUS, KEYCLOAK_VCPUS, OTHER_VCPUS = 0.5, 1, 7
"""vCPU requests: per pod of Kong, per pod of Keycloak, and of all pods except these and Redpanda.

Source: docs/deployment.md; `tests/contracts/test_quotas.py` computes those of production.
"""
NODE_HEADROOM = 4
"""Factor for nodes, which are larger than their pods and replaced while the old ones run.

docs/deployment.md requires four times as much.
"""
FULLEST_GROUP = 22
"""Rules in one direction of production's largest security group (same table and test)."""
CONCURRENT_FUNCTIONS = 100
"""Concurrent Lambda functions.

A new account may have 10, which the chart releases and custom resources of one deployment reach.
AWS grants the usual 1,000 on request (AWS Lambda developer guide, quotas, read 2026-11).
"""

LOG_POLICIES = 10
"""Resource policies of CloudWatch Logs in an account and region, a fixed limit.

Source: Amazon CloudWatch Logs API reference, PutResourcePolicy, read 2026-11.
"""


@dataclass(frozen=True)
class Need:
    """Quota with the requirement of the environment.

    Args:
        check: name of the quota.
        service: code of the service.
        code: code of the quota.
        least: required value in the unit of the quota.
        wanted: value to request.
    """

    check: str
    service: str
    code: str
    least: int
    wanted: int


def needs(settings: Settings, *, other_addresses: int = 0) -> tuple[Need, ...]:
    """Return the quotas of an environment.

    Args:
        settings: the environment.
        other_addresses: Elastic IP addresses of the region outside of the environment.
    """
    cores = sum(service.cpu / 1024 * service.scaling.max for service in settings.services.values())
    fargate, addresses = ceil(2 * cores), settings.network.nat_gateways + other_addresses
    endpoints = len(settings.network.endpoints)
    nodes = node_vcpus(settings)
    return (
        Need("vCPU of Fargate On-Demand", "fargate", "L-3032A538", fargate, fargate),
        Need("vCPU of On-Demand Standard", "ec2", "L-1216C47A", nodes, NODE_HEADROOM * nodes),
        Need("Elastic IP addresses", "ec2", "L-0263D0A3", addresses, addresses),
        Need("interface endpoints of a VPC", "vpc", "L-29B6F2EB", endpoints, endpoints),
        Need("rules of a security group", "vpc", "L-0EA8095F", FULLEST_GROUP, 60),
    )


def node_vcpus(settings: Settings) -> int:
    """Return the vCPU requests of all pods, with Kong at its maximum."""
    kubernetes = settings.kubernetes
    gateway = (
        kubernetes.kong.max_replicas * KONG_VCPUS + kubernetes.keycloak.replicas * KEYCLOAK_VCPUS
    )
    return ceil(gateway + kubernetes.redpanda.brokers * kubernetes.redpanda.cpu + OTHER_VCPUS)


def quotas(context: Context) -> Iterator[Finding]:
    """Compare each quota with the requirement."""
    settings = context.settings
    client = context.home("service-quotas")
    own = settings.identifying_tags.items()
    addresses = context.home("ec2").describe_addresses().get("Addresses", ())
    others = sum(
        not own <= {tag["Key"]: tag["Value"] for tag in address.get("Tags", ())}.items()
        for address in addresses
    )
    for need in needs(settings, other_addresses=others):
        value = _value(client, need)
        command = (
            "aws service-quotas request-service-quota-increase "
            f"--region {settings.region} --service-code {need.service} "
            f"--quota-code {need.code} --desired-value {need.wanted}"
        )
        yield verdict(
            need.check, value >= need.least, f"{value:g}, and {need.least} are needed", command
        )


def _value(client: Any, need: Need) -> float:
    arguments = {"ServiceCode": need.service, "QuotaCode": need.code}
    own = unless("NoSuchResourceException", client.get_service_quota, **arguments)
    return float((own or client.get_aws_default_service_quota(**arguments))["Quota"]["Value"])


def functions(context: Context) -> Iterator[Finding]:
    """Check Lambda itself: Service Quotas shows the default even if a new account has less."""
    region, check = context.settings.region, "concurrent Lambda functions"
    value = context.home("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    command = (
        f"aws service-quotas request-service-quota-increase --region {region} "
        "--service-code lambda "
        "--quota-code L-B99A9384 --desired-value 1000"
    )
    yield verdict(
        check,
        value >= CONCURRENT_FUNCTIONS,
        f"{value}, and {CONCURRENT_FUNCTIONS} are needed",
        command,
    )


def needed_log_policies(settings: Settings) -> int:
    """Return the resource policies of CloudWatch Logs: of events, Prometheus and experiments."""
    return 2 + settings.resilience.fault_injection


def log_policies(context: Context) -> Iterator[Finding]:
    """Compare the resource policies that others leave with the requirement.

    AWS does not raise this limit, and some services create such policies themselves.
    """
    settings, check = context.settings, "resource policies of CloudWatch Logs"
    path = "resourcePolicies[].policyName"
    names = {*pages(context.home("logs"), "describe_resource_policies", path)}
    own = {name for _, name in standing(context, "observability").values()}
    left, needed = LOG_POLICIES - len(names - own), needed_log_policies(settings)
    command = (
        f"aws logs delete-resource-policy --region {settings.region} --policy-name <name>, "
        "for one that nothing uses"
    )
    yield verdict(check, left >= needed, f"others leave {left}, and {needed} are needed", command)


CHECKS: dict[str, Ask] = {
    "quotas": quotas,
    "concurrent Lambda functions": functions,
    "resource policies of CloudWatch Logs": log_policies,
}
