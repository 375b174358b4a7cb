"""Checks that span the sections of an environment file."""

from collections.abc import Iterable, Iterator
from datetime import date
from ipaddress import IPv4Network

from spotmusic_cdk.settings import (
    addresses,
    broker_checks,
    delivery_price,
    production_checks,
    regions,
    service_checks,
    service_quotas,
    version_checks,
)
from spotmusic_cdk.settings.environment import Settings
from spotmusic_cdk.settings.model import Problem, meant


def problems(settings: Settings) -> Iterator[Problem]:
    """Find conflicts between sections of an environment file."""
    for group in (regions, service_quotas, service_checks, broker_checks, addresses):
        yield from group.problems(settings)
    yield from _organization(settings)
    yield from _data(settings)
    yield from _own_caches(settings)
    if settings.domain and settings.edge.distribution_domain_name:
        yield Problem(
            "edge.distribution_domain_name",
            "it cannot be combined with domain",
            "Remove one of the two.",
        )
    if settings.production:
        yield from production_checks.problems(settings)


def _own_caches(settings: Settings) -> Iterator[Problem]:
    clients = (*settings.kept.services_talking_to("cache"), "kong")
    for name in settings.data.cache.own:
        if name not in clients:
            yield Problem("data.cache.own", f"{name} does not use the cache", meant(name, clients))


def _data(settings: Settings) -> Iterator[Problem]:
    data = settings.data
    for key, database in data.databases.items():
        if database.max_storage_gib < database.storage_gib * 1.1:
            wrong = (
                f"{database.max_storage_gib} is not 10% above storage_gib {database.storage_gib}"
            )
            yield Problem(
                f"data.{key}.max_storage_gib", wrong, "Raise it (RDS storage autoscaling)."
            )
    if data.identity.read_replicas:
        wrong = "Keycloak and Grafana read and write one host"
        yield Problem(
            "data.identity.read_replicas", wrong, "Remove it, and take a larger instance_class."
        )
    elif data.catalogue.read_replicas and not data.catalogue.rotates_master:
        wrong = "RDS creates no replica of a database while it manages the master secret"
        yield Problem(
            "data.catalogue.read_replicas", wrong, "Set data.catalogue.master_rotation: platform."
        )
    if data.removal_policy == "destroy" and not data.allow_data_destruction:
        advice = "Set data.allow_data_destruction: true as well if that is meant, or use retain."
        yield Problem("data.removal_policy", "destroy deletes data with its stack", advice)
    if data.backup.vault_lock_days and not settings.production:
        wrong = "a vault lock requires production"
        yield Problem(
            "data.backup.vault_lock_days",
            wrong,
            "Remove it. A platform that was production stays production (docs/changes.md).",
        )


OWN_TAGS = {
    "costcenter": "cost_center",
    "dataclass": None,
    "env": "name",
    "name": None,
    "owner": "owner",
    "project": None,
    "rotatebefore": None,
    "rotationowner": None,
}
"""Tags of the platform in lower case, and the key that sets each. IAM rejects keys that differ only
in case."""
BY_AWS = ("aws:", "rds:")
"""Prefixes that AWS reserves, in keys and in values (API references of Amazon RDS, Tag, and of
Amazon EKS and ECS, TagResource, 2026-11)."""
RESERVED = (*BY_AWS, "eks:", "kubernetes.io/", "karpenter.sh/", "karpenter.k8s.aws/", "ebs.csi.")
"""Prefixes of keys of AWS and of EKS Auto Mode."""
MOST_LETTERS = 600
"""Maximum characters of all tag keys. The policy by which EKS may tag nodes contains each key three
times, and has at most 6,144 characters (IAM quotas)."""


def _organization(settings: Settings) -> Iterator[Problem]:
    """Find tags that AWS rejects or the platform reserves, and a boundary of another account."""
    seen: dict[str, str] = {}
    for key in settings.tags:
        yield from _tag(key, seen)
        seen[key.lower()] = key
    values = {f"tags.{key}": value for key, value in settings.tags.items()}
    for path, value in (values | {"cost_center": settings.cost_center}).items():
        if value.lower().startswith(BY_AWS):
            yield Problem(path, f"{value} starts with a prefix that AWS reserves", "Use another.")
    letters = sum(map(len, settings.tags))
    if letters > MOST_LETTERS:
        yield Problem(
            "tags",
            (
                f"the keys have {letters} characters, more than the {MOST_LETTERS} that one policy "
                "holds"
            ),
            "Shorten them.",
        )
    boundary = settings.permissions_boundary or ""
    account = boundary.split(":")[4] if boundary.startswith("arn:") else None
    if account and settings.account not in (None, account):
        wrong = f"the policy belongs to account {account}, not to {settings.account}"
        yield Problem("permissions_boundary", wrong, "Use a policy of the same account.")


def _tag(key: str, seen: dict[str, str]) -> Iterator[Problem]:
    lower = key.lower()
    if lower.startswith(RESERVED):
        yield Problem(
            "tags", f"{key} starts with a prefix that AWS or EKS reserves", "Choose another key."
        )
    if key != key.strip():
        yield Problem("tags", f"'{key}' begins or ends with a space", "Remove the space.")
    if lower in seen:
        yield Problem(
            "tags",
            f"{seen[lower]} and {key} differ in case only, which IAM refuses",
            "Remove one of them.",
        )
    if lower in OWN_TAGS:
        own = OWN_TAGS[lower]
        yield Problem(
            "tags",
            f"{key} is a tag of the platform",
            f"Set {own} instead." if own else "Choose another key.",
        )


def overlapping(one: Settings, other: Settings) -> bool:
    """Return True if the address ranges of two environments overlap, which prevents a connection of
    their VPCs.
    """
    return IPv4Network(one.network.cidr).overlaps(IPv4Network(other.network.cidr))


def neighbour_problems(settings: Settings, others: Iterable[Settings]) -> Iterator[Problem]:
    """Find conflicts of an environment with other environments in its folder."""
    account, region = settings.account, settings.region
    for other in others:
        if overlapping(settings, other):
            wrong = f"{settings.network.cidr} overlaps {other.network.cidr} of {other.name}"
            yield Problem(
                "network.cidr", wrong, "Choose ranges apart, so that they can be connected."
            )
        # CloudFront and Route 53 reject a duplicate domain only after all other resources are
        # deployed.
        if settings.domain and other.domain and settings.domain.name == other.domain.name:
            yield Problem(
                "domain.name",
                f"{settings.domain.name} belongs to {other.name}",
                "Give each environment its own domain.",
            )
        # "Slack channel with ID … has already been configured for AWS account …". Source:
        # hashicorp/terraform-provider-awscc issue 1011, read 2026-11.
        slack, theirs = settings.observability.alarm_slack, other.observability.alarm_slack
        if slack and account and (slack, account) == (theirs, other.account):
            yield Problem(
                "observability.alarm_slack",
                f"the channel already shows alarms of {other.name}, which has the same account",
                "Give each environment of an account its own channel.",
            )
        # An account has one scanning configuration in each region.
        scanning = settings.registry.account_scanning and other.registry.account_scanning
        if scanning and account and (account, region) == (other.account, other.region):
            wrong = (
                f"{other.name} owns the registry scanning of account {account} in {region} as well"
            )
            yield Problem(
                "registry.account_scanning",
                wrong,
                "Set it to false in one of the two, or give each its own account.",
            )


def warnings(settings: Settings, today: date) -> Iterator[Problem]:
    """Find settings that work for a limited time, or not in every account."""
    yield from version_checks.warnings(settings, today)
    yield from regions.warnings(settings)
    yield from delivery_price.warnings(settings)
    if settings.production and settings.observability.runbooks_url is None:
        advice = "Set the URL of docs/runbooks."
        yield Problem(
            "observability.runbooks_url",
            "alarms of production end with a path in the repository instead of a link",
            advice,
        )
