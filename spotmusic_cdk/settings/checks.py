"""Checks that span the sections of an environment file: what is wrong, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, get_args

from spotmusic_cdk.settings import broker_checks
from spotmusic_cdk.settings.network import InterfaceEndpoint
from spotmusic_cdk.settings.problem import Problem
from spotmusic_cdk.settings.services import RESOURCES, ServiceSettings

if TYPE_CHECKING:
    from spotmusic_cdk.settings.environment import Settings

__all__ = ["MOST_SERVICES", "Problem", "problems"]


MOST_SERVICES = 24
"""Each service needs about a dozen rules in the network stack, which keeps to 400 of CloudFormation's 500 resources (measured)."""


def problems(settings: Settings) -> Iterator[Problem]:
    """Finds what no section can see by itself."""
    yield from _zones(settings)
    yield from _routes(settings)
    for name, service in settings.services.items():
        yield from _connections(name, service, settings)
    yield from _data(settings)
    if settings.domain and settings.edge.distribution_domain_name:
        wrong = f"viewers type {settings.domain.name}, so that nothing may bear another name"
        yield Problem("edge.distribution_domain_name", wrong, "Remove it, or remove domain.")
    yield from broker_checks.problems(settings)
    if settings.production:
        yield from _production(settings)
        yield from _production_services(settings)


def _zones(settings: Settings) -> Iterator[Problem]:
    zones, region = settings.zones, settings.region
    if not 2 <= len(zones) <= 3 or len(set(zones)) != len(zones):
        shown = ", ".join(zones) or "none"
        yield Problem("zones", f"{shown} are not two or three different zones", "Name three where the region has them.")
    for zone in zones:
        if not (zone.startswith(region) and zone[len(region) :].isalpha()):
            yield Problem("zones", f"{zone} is not a zone of {region}", f"Use names such as {region}a, or change region.")
    gateways = settings.network.nat_gateways
    if gateways not in (1, len(zones)):
        wrong = f"{gateways} is neither 1 nor one for each of the {len(zones)} zones"
        yield Problem("network.nat_gateways", wrong, f"Use 1 or {len(zones)}.")


def _routes(settings: Settings) -> Iterator[Problem]:
    if len(settings.services) > MOST_SERVICES:
        wrong = f"{len(settings.services)} are more than the {MOST_SERVICES} whose connections one network stack holds"
        yield Problem("services", wrong, "Move some to an environment of their own.")
    taken: dict[str, str] = {}
    for name, service in settings.services.items():
        if service.route in taken:
            wrong = f"{service.route} leads to {taken[service.route]} already"
            yield Problem(f"services.{name}.route", wrong, "Give each service its own route.")
        elif service.route is not None:
            taken[service.route] = name


def _connections(name: str, service: ServiceSettings, settings: Settings) -> Iterator[Problem]:
    if name in RESOURCES:
        yield Problem(f"services.{name}", "the name means a resource in talks_to", "Choose another.")
    key = f"services.{name}.talks_to"
    for target in service.talks_to:
        if target in RESOURCES:
            continue
        if target == name or target not in settings.services:
            wrong = f"{target} is neither another service nor one of {', '.join(RESOURCES)}"
            yield Problem(key, wrong, "Correct or remove it.")
        elif settings.services[target].port is None:
            yield Problem(key, f"{target} has no port to talk to", f"Give services.{target} a port.")


def _data(settings: Settings) -> Iterator[Problem]:
    data = settings.data
    for key, database in (("catalogue", data.catalogue), ("identity", data.identity)):
        if database.max_storage_gib < database.storage_gib * 1.1:
            wrong = f"{database.max_storage_gib} is not 10% above storage_gib {database.storage_gib}"
            yield Problem(f"data.{key}.max_storage_gib", wrong, "Raise it (RDS storage autoscaling).")
    if data.removal_policy == "destroy" and not data.allow_data_destruction:
        advice = "Set data.allow_data_destruction: true as well if that is meant, or use retain."
        yield Problem("data.removal_policy", "destroy deletes data with its stack", advice)


def _production(settings: Settings) -> Iterator[Problem]:
    data, zones = settings.data, len(settings.zones)
    deletable = data.removal_policy != "retain" or data.allow_data_destruction
    checks = (
        (deletable, "data.removal_policy", "production data must outlive its stack", "Use retain, without allow_data_destruction."),
        (settings.domain is None, "domain", "production needs certificates and logins", "Set domain.name and domain.hosted_zone_id."),
        (zones < 3, "zones", "production stands in three", "Name three zones, or choose a region that has them."),
        (settings.network.nat_gateways < zones, "network.nat_gateways", "production needs one per zone", f"Use {zones}."),
        (not data.catalogue.multi_az, "data.catalogue.multi_az", "production survives the loss of a zone", "Use true."),
        (not data.identity.multi_az, "data.identity.multi_az", "production survives the loss of a zone", "Use true."),
        (
            min(data.catalogue.backup_retention_days, data.identity.backup_retention_days) < 14,
            "data.catalogue.backup_retention_days and data.identity.backup_retention_days",
            "production can go back two weeks",
            "Use 14 to 35 for both.",
        ),
        (data.cache.replicas < 2, "data.cache.replicas", "production has a node in every zone", "Use 2 or more."),
        (
            data.cache.snapshot_retention_days < 15,
            "data.cache.snapshot_retention_days",
            "production keeps 15 days (NIST 800-53 CP-9)",
            "Use 15 to 35.",
        ),
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
        (settings.kubernetes.kong.min_replicas < 3, "kubernetes.kong.min_replicas", "production has a pod in every zone", "Use 3 or more."),
        (
            not settings.observability.alarm_emails,
            "observability.alarm_emails",
            "nobody would hear an alarm",
            "Name at least one address.",
        ),
    )
    yield from (Problem(key, wrong, advice) for failed, key, wrong, advice in checks if failed)


def _production_services(settings: Settings) -> Iterator[Problem]:
    for name, service in settings.services.items():
        if service.scaling.min < 3:
            yield Problem(f"services.{name}.scaling.min", "production runs a task in every zone", "Use 3 or more.")
