"""Checks that span the sections of an environment file."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from ipaddress import IPv4Network
from typing import get_args

from spotmusic_cdk import versions
from spotmusic_cdk.settings import (
    addresses,
    broker_checks,
    regions,
    service_checks,
    service_quotas,
)
from spotmusic_cdk.settings.environment import Settings
from spotmusic_cdk.settings.model import Problem, meant
from spotmusic_cdk.settings.network import InterfaceEndpoint

UPGRADE_DAYS = 90
"""Days before the end of standard support at which an upgrade of Kubernetes must be planned."""


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
        yield from _production(settings)


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


def _production(settings: Settings) -> Iterator[Problem]:
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
RESERVED = ("aws:", "eks:", "kubernetes.io/", "karpenter.sh/", "karpenter.k8s.aws/", "ebs.csi.")
"""Prefixes of AWS and of EKS Auto Mode."""
MOST_LETTERS = 600
"""Maximum characters of all tag keys. The policy by which EKS may tag nodes contains each key three
times, and has at most 6,144 characters (IAM quotas)."""


def _organization(settings: Settings) -> Iterator[Problem]:
    """Find tags that AWS rejects or the platform reserves, and a boundary of another account."""
    seen: dict[str, str] = {}
    for key in settings.tags:
        yield from _tag(key, seen)
        seen[key.lower()] = key
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


def support_problems(settings: Settings, today: date) -> Iterator[Problem]:
    """Find unknown versions, and versions past their standard support on a day."""
    if settings.kubernetes.version not in versions.KUBERNETES:
        wrong = f"{settings.kubernetes.version} has no pinned kubectl layer"
        yield Problem("kubernetes.version", wrong, f"Use one of {', '.join(versions.KUBERNETES)}.")
    data = settings.data
    for key, database in data.databases.items():
        yield from _unsupported(
            f"data.{key}.version", f"MySQL {database.version}", versions.MYSQL, today
        )
        yield from _unreleased(f"data.{key}.version", database.version)
    cache = data.cache
    version = cache.version or versions.DEFAULT_CACHE_VERSION[cache.engine]
    yield from _unsupported(
        "data.cache.version", f"{cache.engine} {version}", versions.CACHE[cache.engine], today
    )


def _unsupported(
    key: str, engine: str, known: Mapping[str, versions.Support], today: date
) -> Iterator[Problem]:
    """Find an engine, such as `MySQL 8.4.10`, with an unsupported release series."""
    release = ".".join(engine.rsplit(maxsplit=1)[-1].split(".")[:2])
    choices = ", ".join(name for name, support in known.items() if not support.has_ended(today))
    advice = (
        f"Use {choices}."
        if choices
        else "Update the project, or add a newer version to spotmusic_cdk/versions.py."
    )
    if release not in known:
        yield Problem(key, f"{engine} is not a version that this project supports", advice)
    elif known[release].has_ended(today):
        yield Problem(
            key, f"standard support of {engine} ended on {known[release].standard_until}", advice
        )


def _unreleased(key: str, version: str) -> Iterator[Problem]:
    release, _, number = version.rpartition(".")
    if release in versions.MYSQL and number not in (
        known := versions.MYSQL_RELEASES[release].split()
    ):
        wrong = f"MySQL {version} is not a known release of RDS"
        yield Problem(
            key,
            wrong,
            f"Use {release}.{known[-1]}, or add it to MYSQL_RELEASES in spotmusic_cdk/versions.py.",
        )


def warnings(settings: Settings, today: date) -> Iterator[Problem]:
    """Find settings that work for a limited time, or not in every account."""
    yield from _support_warnings(settings, today)
    yield from regions.warnings(settings)
    if settings.production and settings.observability.runbooks_url is None:
        advice = "Set the URL of docs/runbooks."
        yield Problem(
            "observability.runbooks_url",
            "alarms of production end with a path in the repository instead of a link",
            advice,
        )


def _support_warnings(settings: Settings, today: date) -> Iterator[Problem]:
    version = settings.kubernetes.version
    support = versions.KUBERNETES[version]
    if support.created_until and support.created_until < today:
        wrong = f"EKS stopped creating {version} clusters on {support.created_until}"
        advice = (
            f"Use {max(versions.KUBERNETES)} unless your partition or emulator still supports it."
        )
        yield Problem("kubernetes.version", wrong, advice)
    elif support.standard_until and support.standard_until - today < timedelta(days=UPGRADE_DAYS):
        verb = "ended" if support.has_ended(today) else "ends"
        wrong = (
            f"standard support of {version} {verb} on {support.standard_until}, after which EKS "
            "upgrades the cluster automatically"
        )
        yield Problem(
            "kubernetes.version", wrong, "Upgrade to the next version before (docs/upgrades.md)."
        )
