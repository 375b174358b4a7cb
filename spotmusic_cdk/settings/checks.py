"""Checks that span the sections of an environment file: what is wrong, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, get_args

from spotmusic_cdk.settings import broker_checks, organization_checks, regional_checks, service_checks
from spotmusic_cdk.settings.network import InterfaceEndpoint
from spotmusic_cdk.settings.problem import Problem

if TYPE_CHECKING:
    from spotmusic_cdk.settings.environment import Settings


def problems(settings: Settings) -> Iterator[Problem]:
    """Finds what no section can see by itself."""
    yield from regional_checks.problems(settings)
    yield from service_checks.problems(settings)
    yield from organization_checks.problems(settings)
    yield from _data(settings)
    if settings.domain and settings.edge.distribution_domain_name:
        wrong = f"viewers type {settings.domain.name}, so that nothing may bear another name"
        yield Problem("edge.distribution_domain_name", wrong, "Remove it, or remove domain.")
    yield from broker_checks.problems(settings)
    if settings.production:
        yield from _production(settings)


def _data(settings: Settings) -> Iterator[Problem]:
    data = settings.data
    for key, database in (("catalogue", data.catalogue), ("identity", data.identity)):
        if database.max_storage_gib < database.storage_gib * 1.1:
            wrong = f"{database.max_storage_gib} is not 10% above storage_gib {database.storage_gib}"
            yield Problem(f"data.{key}.max_storage_gib", wrong, "Raise it (RDS storage autoscaling).")
    if data.removal_policy == "destroy" and not data.allow_data_destruction:
        advice = "Set data.allow_data_destruction: true as well if that is meant, or use retain."
        yield Problem("data.removal_policy", "destroy deletes data with its stack", advice)
    if data.backup.vault_lock_days and not settings.production:
        wrong = "only the vault of production gets a lock for good"
        yield Problem("data.backup.vault_lock_days", wrong, "Remove it. A platform that was production stays production (docs/changes.md).")


def _production(settings: Settings) -> Iterator[Problem]:
    data, zones = settings.data, len(settings.zones)
    deletable = data.removal_policy != "retain" or data.allow_data_destruction
    checks = (
        (
            settings.account is None,
            "account",
            "whoever is logged in to another account would make production there",
            'Name the account, in quotes: "111122223333".',
        ),
        (deletable, "data.removal_policy", "production data must outlive its stack", "Use retain, without allow_data_destruction."),
        (settings.domain is None, "domain", "production needs certificates and logins", "Set domain.name and domain.hosted_zone_id."),
        (zones < 3, "zones", "production stands in three", "Name three zones, or choose a region that has them."),
        (settings.network.nat_gateways < zones, "network.nat_gateways", "production needs one per zone", f"Use {zones}."),
        (not data.catalogue.multi_az, "data.catalogue.multi_az", "production survives the loss of a zone", "Use true."),
        (not data.identity.multi_az, "data.identity.multi_az", "production survives the loss of a zone", "Use true."),
        (data.cache.replicas < 2, "data.cache.replicas", "production has a node in every zone", "Use 2 or more."),
        (
            settings.kubernetes.redpanda.brokers < 3,
            "kubernetes.redpanda.brokers",
            "production keeps events when a zone is lost",
            "Use 3 or more.",
        ),
        (
            settings.kubernetes.keycloak.replicas < 2,
            "kubernetes.keycloak.replicas",
            "production logs in while a pod is lost",
            "Use 2 or more.",
        ),
        (
            data.cache.snapshot_retention_days < 15,
            "data.cache.snapshot_retention_days",
            "production keeps 15 days (NIST 800-53 CP-9)",
            "Use 15 to 35.",
        ),
        (data.backup.retention_days < 35, "data.backup.retention_days", "production can go back 35 days", "Use 35 to 365."),
        (
            data.backup.vault_lock_days is None,
            "data.backup.vault_lock_days",
            "anybody who administers the vault could empty it",
            "Set the days after which its lock is for good, 3 or more.",
        ),
        (
            len(settings.network.endpoints) < len(get_args(InterfaceEndpoint)),
            "network.interface_endpoints",
            "production reaches AWS without leaving the VPC",
            "Use all.",
        ),
        *(
            (not secret, f"registry.{key}", f"images of {host} would be pulled from the Internet", "Name a secret (docs/deployment.md).")
            for key, host, secret in (
                ("docker_hub_credentials", "docker.io", settings.registry.docker_hub_credentials),
                ("github_credentials", "ghcr.io", settings.registry.github_credentials),
            )
        ),
        (
            settings.kubernetes.endpoint != "private",
            "kubernetes.endpoint",
            "nobody reaches the Kubernetes API of production from the Internet",
            "Use private.",
        ),
        (
            not settings.kubernetes.administrators,
            "kubernetes.administrators",
            "nobody but deployments could look into the cluster, in an incident too",
            "Name the ARN of an IAM role that people take then.",
        ),
        (
            not settings.operators.network,
            "operators.network",
            "nobody reaches the API server or a database in an incident",
            "Use true (docs/access.md).",
        ),
        (settings.kubernetes.kong.min_replicas < 3, "kubernetes.kong.min_replicas", "production has a pod in every zone", "Use 3 or more."),
        (
            not (settings.observability.alarm_emails or settings.observability.alarm_endpoints),
            "observability.alarm_emails",
            "nobody would hear an alarm",
            "Name at least one address.",
        ),
    )
    yield from (Problem(key, wrong, advice) for failed, key, wrong, advice in checks if failed)
