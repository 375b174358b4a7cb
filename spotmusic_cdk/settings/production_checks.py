"""Checks of what production requires."""

from collections.abc import Iterator
from typing import get_args

from spotmusic_cdk.settings.environment import Settings
from spotmusic_cdk.settings.model import Problem
from spotmusic_cdk.settings.network import InterfaceEndpoint

REQUIRED = {
    "account": (
        "production requires one, so that no other account can be used. "
        'Set it, in quotes: "111122223333".'
    ),
    "data.removal_policy": (
        "production must retain data when its stack is deleted. "
        "Use retain, without allow_data_destruction."
    ),
    "domain": (
        "production needs certificates and logins. Set domain.name and domain.hosted_zone_id."
    ),
    "zones": "production needs three. Name three zones, or choose a region that has them.",
    "network.nat_gateways": "production needs one per zone. Use {zones}.",
    "data.catalogue.multi_az": "production must survive the loss of a zone. Use true.",
    "data.identity.multi_az": "production must survive the loss of a zone. Use true.",
    "data.cache.replicas": "production needs a node in every zone. Use 2 or more.",
    "kubernetes.redpanda.brokers": (
        "production must keep events when a zone is lost. Use 3 or more."
    ),
    "kubernetes.keycloak.replicas": (
        "logins of production must survive the loss of a pod. Use 2 or more."
    ),
    "data.cache.snapshot_retention_days": (
        "production requires 15 days (NIST 800-53 CP-9). Use 15 to 35."
    ),
    "data.backup.retention_days": "production requires 35 days. Use 35 to 365.",
    "data.backup.vault_lock_days": (
        "an administrator of the vault could delete its backups. "
        "Set the days until its lock is permanent, 3 or more."
    ),
    "network.interface_endpoints": "production requires every interface endpoint. Use all.",
    "registry.docker_hub_credentials": (
        "images of docker.io would be pulled from the Internet. "
        "Set the ARN of a secret (docs/deployment.md)."
    ),
    "registry.github_credentials": (
        "images of ghcr.io would be pulled from the Internet. "
        "Set the ARN of a secret (docs/deployment.md)."
    ),
    "kubernetes.endpoint": "the Kubernetes API of production must not be public. Use private.",
    "kubernetes.administrators": (
        "no person could access the cluster in an incident. "
        "Set the ARN of an IAM role for break-glass access."
    ),
    "operators.network": (
        "no person could reach the API server or a database in an incident. "
        "Use true (docs/access.md)."
    ),
    "kubernetes.kong.min_replicas": "production needs a pod in every zone. Use 3 or more.",
    "observability.alarm_emails": "alarms would have no recipient. Set at least one address.",
}
"""Reason and advice for each key that production requires."""


def problems(settings: Settings) -> Iterator[Problem]:
    """Find settings that production excludes."""
    data, kubernetes, observability = settings.data, settings.kubernetes, settings.observability
    network, zones = settings.network, len(settings.zones)
    met = {
        "account": settings.account is not None,
        "data.removal_policy": data.removal_policy == "retain" and not data.allow_data_destruction,
        "domain": settings.domain is not None,
        "zones": zones >= 3,
        "network.nat_gateways": network.nat_gateways >= zones,
        "data.catalogue.multi_az": data.catalogue.multi_az,
        "data.identity.multi_az": data.identity.multi_az,
        "data.cache.replicas": data.cache.replicas >= 2,
        "kubernetes.redpanda.brokers": kubernetes.redpanda.brokers >= 3,
        "kubernetes.keycloak.replicas": kubernetes.keycloak.replicas >= 2,
        "data.cache.snapshot_retention_days": data.cache.snapshot_retention_days >= 15,
        "data.backup.retention_days": data.backup.retention_days >= 35,
        "data.backup.vault_lock_days": data.backup.vault_lock_days is not None,
        "network.interface_endpoints": len(network.endpoints) == len(get_args(InterfaceEndpoint)),
        "registry.docker_hub_credentials": settings.registry.docker_hub_credentials,
        "registry.github_credentials": settings.registry.github_credentials,
        "kubernetes.endpoint": kubernetes.endpoint == "private",
        "kubernetes.administrators": kubernetes.administrators,
        "operators.network": settings.operators.network,
        "kubernetes.kong.min_replicas": kubernetes.kong.min_replicas >= 3,
        "observability.alarm_emails": observability.alarm_emails or observability.alarm_endpoints,
    }
    for key, text in REQUIRED.items():
        if not met[key]:
            yield Problem.of(key, text.format(zones=zones))
