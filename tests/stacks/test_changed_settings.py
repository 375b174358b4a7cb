"""Effects of changed settings, compared with the schema."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from spotmusic_cdk import versions
from spotmusic_cdk.settings import environment, parse, schema
from spotmusic_cdk.settings.capacity import CapacitySettings
from tests.templates import all_of, of_type, only
from tests.unit.settings.test_errors import DEV, PROD
from tools.changes.change import Change, Effect
from tools.changes.comparison import compare
from tools.checkout import synthesize
from tools.model.templates import Templates, templates_in
from tools.model.templates import of_type as in_templates

Settings = dict[str, Any]
Tried = tuple[str, str, Any, str]
"""Path, kind of change, value, and expected message."""

SECRET = "arn:aws:secretsmanager:sa-east-1:111122223333:secret:{}-AbCdEf"
ROLE = "arn:aws:iam::111122223333:role/{}"
PLAIN: Settings = {"route": "/v1/plain", "scaling": {"min": 3, "max": 9}}
TOPIC: Settings = {
    "partitions": 12,
    "replication": 5,
    "cleanup_policy": "delete",
    "retention_hours": 48,
    "producers": ["playback", "notifications"],
}
PROVIDER: Settings = {
    "kind": "oidc",
    "label": "A",
    "client_id": "a",
    "secret": SECRET.format("provider"),
}
OIDC = {key: f"https://a.example/{key}" for key in ("authorization_url", "token_url", "jwks_url")}

BASE: Settings = {
    "data.cache": {
        "engine": "valkey",
        "version": "8.0",
        "node_type": "cache.r7g.large",
        "replicas": 2,
        "snapshot_retention_days": 30,
    },
    "data.cache.own": ["playback"],
    "data.catalogue.version": "8.4.10",
    "data.catalogue.master_rotation": "platform",
    "data.catalogue.read_replicas": 2,
    "data.identity.version": "8.4.10",
    "data.identity.master_rotation": "platform",
    "data.backup.retention_days": 60,
    "data.buckets.audio_noncurrent_days": 60,
    "network.flow_log_retention_days": 545,
    "kubernetes.version": "1.35",
    "kubernetes.redpanda.brokers": 5,
    "kubernetes.redpanda.tiered_storage": {"license_secret": SECRET.format("license")},
    "kubernetes.redpanda.topics": {
        "events.kept": {**TOPIC, "replication": 3, "consumers": ["trends", "playback"]},
        "events.gone": {**TOPIC, "consumers": ["trends"]},
        "events.trends": {"replication": 5},
    },
    "kubernetes.rabbitmq.queues": {
        "kept": {"consumers": ["notifications", "web-api"]},
        "gone": {"consumers": ["notifications"]},
    },
    "identity": {
        "email": {"sender": "a@spotmusic.example", "secret": SECRET.format("mail")},
        "providers": {
            name: {**PROVIDER, **OIDC, "issuer": "https://a.example"} for name in ("a", "b")
        },
    },
    "mail": {"sender": "a@spotmusic.example"},
    "services.notifications.talks_to": ["tasks", "events", "mail"],
    "services.gone": {**PLAIN, "route": "/v1/gone"},
    "services.plain": PLAIN,
    "services.routed": {**PLAIN, "route": "/v1/routed", "talks_to": [{"catalogue": "write"}]},
    "services.called": {"scaling": {"min": 3, "max": 9}},
    "services.caller": {"talks_to": ["called"], "scaling": {"min": 3, "max": 9}},
    "services.scaled": {
        "talks_to": ["tasks"],
        "scaling": {"min": 3, "max": 9, "messages_per_task": 50},
    },
    "observability.access_log_days": 400,
    "observability.security_log_days": 731,
    "observability.alarm_slack": {"workspace": "T0123ABCD", "channel": "C0123ABCD"},
}
GONE = object()
WITHOUT_CACHE = [{"catalogue": "write"}, "tasks", "uploads", {"audio": "write"}]

KEPT = "kubernetes.redpanda.topics.events.kept"
QUEUES = "kubernetes.rabbitmq.queues"
BEHIND = "another, behind a route or callers"

WORST: tuple[Tried, ...] = (
    ("network.flow_log_retention_days", "shorter", 365, "RetentionInDays 545 → 365"),
    (
        "registry.docker_hub_credentials",
        "any",
        SECRET.format("ecr-pullthroughcache/other"),
        "own name",
    ),
    ("registry.github_credentials", "any", SECRET.format("ecr-pullthroughcache/hub"), "own name"),
    ("registry.keep_images", "fewer", 10, "images kept: 14, 50 → 3, 10"),
    ("registry.untagged_days", "shorter", 3, "images kept: 14, 50 → 3, 10"),
    (
        "data.catalogue.version",
        "newer, while replicas exist",
        "8.4.11",
        "RDS upgrades a source after its read replicas",
    ),
    ("data.identity.version", "newer", "8.4.11", "EngineVersion: 8.4.10 → 8.4.11"),
    ("data.catalogue.read_replicas", "fewer", 1, "AWS::RDS::DBInstance is deleted"),
    (
        "data.identity.master_rotation",
        "rds",
        "rds",
        "IdentityMaster8237A087: observability imports",
    ),
    ("data.catalogue.storage_gib", "smaller", 100, "storage of 200 GiB → 100"),
    ("data.identity.instance_class", "any", "r8g.xlarge", "DBInstanceClass"),
    ("data.cache.version", "newer", "8.2", "EngineVersion: 8.0 → 8.2"),
    (
        "data.cache.node_type",
        "smaller",
        "cache.m7g.large",
        "9.8 GiB for data → cache.m7g.large with 4.8",
    ),
    ("data.backup.retention_days", "shorter", 40, "recovery points: 60 days → 40"),
    (
        "data.cache.own",
        "fewer",
        [],
        "OwnCachesplaybackReplicationGroup38BECA88: ecs-services imports it",
    ),
    ("data.cache.snapshot_retention_days", "shorter", 15, "SnapshotRetentionLimit 30 → 15"),
    ("data.buckets.audio_noncurrent_days", "shorter", 30, "NoncurrentDays: 60 → 30"),
    ("data.buckets.upload_days", "shorter", 7, "ExpirationInDays: 14 → 7"),
    ("data.buckets.log_days", "shorter", 200, "ExpirationInDays: 365 → 200"),
    ("kubernetes.version", "next", "1.36", "Version: 1.35 → 1.36"),
    ("kubernetes.redpanda.brokers", "fewer", 3, "5 brokers → 3"),
    ("kubernetes.redpanda.storage_gib", "any", 600, "volumes of 500 GiB → 600"),
    ("kubernetes.redpanda.tiered_storage", "removed", None, "tiered storage is removed"),
    (
        "kubernetes.redpanda.topics.events.gone",
        "removed",
        GONE,
        "events.gone: its permissions are deleted",
    ),
    ("kubernetes.redpanda.topics.events.kept.partitions", "fewer", 6, "12 partitions → 6"),
    ("kubernetes.redpanda.topics.events.trends.replication", "fewer", 3, "replication 5 → 3"),
    ("kubernetes.redpanda.topics.events.kept.cleanup_policy", "any", "compact", "delete → compact"),
    (
        "kubernetes.redpanda.topics.events.kept.retention_hours",
        "shorter",
        24,
        "older than 24 hours",
    ),
    (f"{KEPT}.producers", "fewer", ["playback"], "notifications no longer produces events.kept"),
    (f"{KEPT}.consumers", "fewer", ["trends"], "playback no longer consumes events.kept"),
    (f"{QUEUES}.kept.consumers", "fewer", ["notifications"], "web-api no longer takes from kept"),
    (
        f"{QUEUES}.kept.publishers",
        "fewer",
        ["web-api"],
        "notifications no longer publishes to kept",
    ),
    ("identity.providers.a.kind", "any", "google", "identity provider a is replaced"),
    ("kubernetes.rabbitmq.storage_gib", "smaller", 40, "volumes of 50 GiB → 40"),
    ("kubernetes.monitoring.prometheus_storage_gib", "smaller", 50, "volumes of 100 GiB → 50"),
    ("services.gone", "removed", GONE, "ServicesgoneBB466937: observability imports it"),
    ("services.trends.port", BEHIND, 9090, "port 8080 → 9090: requests fail"),
    ("services.called.port", BEHIND, 9090, "reaches no task of SecurityGroupsservicecalled"),
    ("services.recommendations.route", "another", "/v1/others", "/v1/recommendations is removed"),
    ("services.routed.route", "removed", None, "/v1/routed is removed"),
    (
        "services.scaled.scaling.messages_per_task",
        "removed",
        None,
        "scaled: its permissions are deleted",
    ),
    ("services.web-api.health_path", "any", "/health", "health path /healthz → /health"),
    (
        "services.web-api.talks_to",
        "fewer",
        WITHOUT_CACHE,
        "CacheUserswebapisecret1581B439: ecs-services imports it",
    ),
    ("services.playback.deployment", "rolling", "rolling", "the rule is updated"),
    ("edge.signing_keys", "signer removed, or new", ["third", "second"], "third signs before"),
    ("observability.access_log_days", "shorter", 365, "RetentionInDays 400 → 365"),
    ("observability.security_log_days", "shorter", 365, "RetentionInDays 731 → 365"),
    ("observability.alarm_slack.workspace", "any", "T0123ABCE", "SlackWorkspaceId was"),
    (
        "observability.alarm_emails",
        "all replaced",
        ["c@spotmusic.example"],
        "all addresses of alarms are replaced",
    ),
    ("identity.providers.b.issuer", "any", "https://b.example", "identity provider b is replaced"),
    ("production", "off", False, "loses its deletion protection"),
    ("data.backup.vault_lock_days", "any", None, "the lock of the vault"),
    ("data.removal_policy", "destroy", "destroy", "is deleted with its stack"),
    ("network.nat_gateways", "fewer", 1, "NATGatewayCA65A467: observability imports it"),
    ("network.interface_endpoints", "any", ["kms"], "AWS::EC2::VPCEndpoint is deleted"),
    ("network.cidr", "any", "10.40.0.0/17", "CidrBlock: 10.40.0.0/16"),
    ("domain", "removed", None, "Name: internal.spotmusic.example"),
)
OTHER_WAY: tuple[Tried, ...] = (
    (
        "kubernetes.redpanda.topics.events.trends.partitions",
        "more, of a compacted topic",
        6,
        "events.trends: 3 partitions → 6",
    ),
    ("domain.name", "any", "other.example", "Name: internal.spotmusic.example"),
    ("data.catalogue.version", "older", "8.4.9", "8.4.10 → 8.4.9"),
    ("data.catalogue.read_replicas", "fewer", 0, "AWS::RDS::DBInstance is deleted"),
    (
        "data.catalogue.master_rotation",
        "rds, while replicas exist",
        "rds",
        "does not manage the master password of a database with read replicas",
    ),
    ("data.cache.engine", "redis again", "redis", "valkey → redis"),
    ("data.cache.version", "older", None, "valkey → redis"),
    ("data.cache.replicas", "any", 3, "2 replicas → 3"),
    ("data.cache.node_type", "larger", "cache.r7g.xlarge", "CacheNodeType"),
    (
        "services.plain.route",
        "that of another service",
        "/v1/routed",
        "the route changes its service",
    ),
    (
        "services.routed.route",
        "that of another service",
        "/v1/plain",
        "the route changes its service",
    ),
    (
        "services.routed.talks_to",
        "a lesser right on a database",
        [{"catalogue": "read"}],
        "routed loses writer of the database catalogue",
    ),
    ("kubernetes.version", "older", "1.34", "Kubernetes 1.35 → 1.34"),
    ("kubernetes.redpanda.brokers", "more", 7, "5 brokers → 7"),
    (
        "kubernetes.monitoring.prometheus_storage_gib",
        "larger",
        150,
        "volumes of 100 GiB → 150",
    ),
    (
        "domain.hosted_zone_id",
        "any",
        "Z999999999EXAMPLE",
        "AWS::CertificateManager::Certificate is replaced",
    ),
    ("edge.origin_prefix_list", "any", "pl-12345678", "exceed the quota"),
    (
        "kubernetes.rabbitmq.queues.gone",
        "removed",
        GONE,
        "gone: its permissions are deleted, and the queue",
    ),
    ("identity.email", "removed", None, "the mail server stays"),
    ("identity.providers.a", "removed", GONE, "identity provider a stays"),
    ("data.backup.vault_lock_days", "any", 9, "the lock of the vault"),
    ("zones", "any", ["sa-east-1b", "sa-east-1a", "sa-east-1c"], "AvailabilityZone: sa-east-1a"),
    *(
        (
            f"services.{name}.scaling.messages_per_task",
            "the last one removed",
            None,
            "SecurityGroupsqueuedepthD9FE9127: ecs-services imports it",
        )
        for name in ("notifications", "scaled")
    ),
)
FOLLOWING = [
    ("data.allow_data_destruction", True),
    *((f"identity.providers.a.{key}", GONE) for key in (*OIDC, "issuer")),
]
"""Changes of other settings that those of `WORST` require."""
IN_DEV: Settings = {
    "network.nat_gateways": 3,
    "data.catalogue.multi_az": True,
    "kubernetes.endpoint": "public_and_private",
    "kubernetes.public_access_cidrs": ["54.240.193.128/26"],
    "operators.network": False,
}
"""Changes that production refuses."""
ELSEWHERE = {
    ("OperatorsSettings.network", "off"): "IN_DEV",
    ("Settings.domain", "added"): "as its removal: another private zone",
    ("Settings.name", "any"): "every stack is new",
    ("Settings.account", "any"): "tests/stacks/test_changes.py",
    ("Settings.region", "any"): "tests/stacks/test_changes.py",
    ("CacheSettings.engine", "valkey"): "tests/unit/changes",
    ("DataSettings.removal_policy", "retain again"): "tests/unit/changes",
    ("KubernetesSettings.version", "more than the next"): "tests/unit/changes",
    ("ServiceSettings.retired", "on"): "tests/contracts/test_removed_services.py",
}

ASSUMED = {
    name: {
        key: {"events.kept": 50} if isinstance(value, dict) else type(value)(value * 1.4)
        for key, value in section.items()
    }
    for name, section in CapacitySettings().model_dump().items()
    if isinstance(section, dict)
}
QUEUE = {"delivery_limit": 9, "max_length": 9, "message_ttl_hours": 9, "dead_letter_hours": 9}
HARMLESS: Settings = {
    "owner": "others",
    "cost_center": "elsewhere",
    "tags": {"Team": "music"},
    "permissions_boundary": "boundary",
    "domain.edge_certificate": (
        "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
    ),
    "network.load_balancer_units": 200,
    "network.flow_log_retention_days": 731,
    "registry.account_scanning": False,
    "registry.keep_images": 60,
    "registry.untagged_days": 21,
    "data.catalogue.storage_gib": 300,
    "data.catalogue.max_storage_gib": 3000,
    "data.catalogue.read_replicas": 3,
    "data.cache.own": ["playback", "recommendations", "kong"],
    "data.backup.audio_restored_every": "quarter",
    "data.backup.retention_days": 90,
    "data.cache.snapshot_retention_days": 35,
    "data.buckets": {"audio_noncurrent_days": 90, "upload_days": 21, "log_days": 400},
    "kubernetes.administrators": [ROLE.format("platform-administrators"), ROLE.format("another")],
    "kubernetes.viewers": [ROLE.format("team")],
    "kubernetes.redpanda.cpu": 8,
    "kubernetes.redpanda.memory_gib": 32,
    "kubernetes.redpanda.tiered_storage.license_secret": SECRET.format("other-license"),
    "kubernetes.redpanda.topics.events.kept.partitions": 24,
    "kubernetes.redpanda.topics.events.kept.replication": 5,
    "kubernetes.redpanda.topics.events.kept.producers": ["playback", "trends", "notifications"],
    "kubernetes.redpanda.topics.events.kept.consumers": ["trends", "recommendations", "playback"],
    "kubernetes.redpanda.topics.events.kept.retention_hours": 72,
    "kubernetes.redpanda.topics.events.added": {**TOPIC, "consumers": ["trends"]},
    "kubernetes.rabbitmq.memory_gib": 16,
    "kubernetes.rabbitmq.storage_gib": 60,
    "kubernetes.rabbitmq.queues.added": {"consumers": ["notifications"]},
    "kubernetes.rabbitmq.queues.kept": {
        **QUEUE,
        "consumers": ["notifications", "web-api", "scaled"],
    },
    "kubernetes.kong": {"min_replicas": 4, "max_replicas": 30, "requests_per_minute": 300},
    "kubernetes.keycloak.replicas": 5,
    "kubernetes.monitoring.retention_hours": 48,
    "identity.display_name": "Music",
    "identity.registration": True,
    "identity.email": {
        "host": "mail.example",
        "sender": "b@spotmusic.example",
        "secret": SECRET.format("other-mail"),
    },
    "identity.providers.a": {
        **PROVIDER,
        **OIDC,
        "issuer": "https://a.example",
        "label": "B",
        "client_id": "b",
        "secret": SECRET.format("other"),
    },
    "identity.providers.c": {**PROVIDER, **OIDC, "issuer": "https://c.example"},
    "mail": {"sender": "b@news.spotmusic.example", "identity": "spotmusic.example"},
    "services.plain": {
        "image_tag": "1.0.0",
        "cpu": 512,
        "memory": 1024,
        "route": "/v1/plain",
        "public": True,
        "talks_to": ["cache"],
        "database_connections": 9,
        "settings": {"MODE": "fuzzy"},
        "secrets": {"KEY": SECRET.format("key")},
        "scaling": {"min": 4, "max": 12, "cpu_percent": 50, "requests_per_target": 500},
        "load": {"per_listener_hour": 5, "per_task": 50},
    },
    "services.gone.image": f"444455556666.dkr.ecr.sa-east-1.amazonaws.com/team/a@sha256:{'0' * 64}",
    "services.notifications.scaling.messages_per_task": 200,
    "services.called.route": "/v1/called",
    "services.caller": {
        "port": None,
        "talks_to": ["called", "tasks"],
        "scaling": {"min": 3, "max": 9, "messages_per_task": 50},
    },
    "services.added": {**PLAIN, "route": "/v1/added", "talks_to": ["cache"]},
    "services.recommendations.deployment": "blue_green",
    "services.scaled.port": 9090,
    "services.web-api.migrations": ["migrate", "--all"],
    "edge.requests_per_five_minutes": 20_000,
    "edge.logins_per_five_minutes": 300,
    "edge.price_class": "all",
    "edge.origin_shield": "sa-east-1",
    "edge.hsts_include_subdomains": True,
    "edge.allowed_countries": ["BR"],
    "edge.signing_keys": ["second", "first"],
    "observability.access_log_days": 545,
    "observability.security_log_days": 1096,
    "observability.alarm_emails": ["b@spotmusic.example", "platform@spotmusic.example"],
    "observability.alarm_endpoints": ["https://events.example/1"],
    "observability.alarm_slack.channel": "C0123ABCE",
    "observability.pager_endpoints": ["https://pager.example/1"],
    "observability.runbooks_url": "https://runbooks.example",
    "observability.monthly_budget_usd": 95_000,
    "resilience.fault_injection": False,
    "capacity": {"listeners": 500_000, "growth_percent": 30, **ASSUMED},
    "usage": {"listeners": {"low": 1, "mid": 2, "high": 3}, "audio_gib": 10},
}


UNTRIED = {
    "DatabaseSettings.master_rotation": "tests/unit/data, in both directions",
    "DatabaseSettings.multi_az": "IN_DEV",
    "DataSettings.allow_data_destruction": "tried with removal_policy",
    "KubernetesSettings.endpoint": "IN_DEV",
    "KubernetesSettings.public_access_cidrs": "IN_DEV",
    "IdentitySettings.email": "the base has it, and tries another",
    "NetworkSettings.nat_gateways": "IN_DEV",
    "QueueSettings.publishers": "every client publishes in the base",
    "EdgeSettings.distribution_domain_name": "a domain takes its place",
    "OperatorsSettings.network": "IN_DEV",
    "IdentityProviderSettings.authorization_url": "changes with the kind",
    "IdentityProviderSettings.jwks_url": "changes with the kind",
    "IdentityProviderSettings.token_url": "changes with the kind",
    "ServiceSettings.retired_talks_to": "tests/contracts/test_removed_services.py",
}
SECURITY_RECORDS = (
    "AuditLog",
    "ControlPlane",
    "EventLog",
    "RotationFunction",
    "UsersFunction",
    "SigningKeyProvider",
)
NAMED = {"services": "*", "topics": "events.kept", "queues": "kept", "providers": "a"}
"""Names below sections of names that users choose, in the changes above."""


def models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in models_in(part)]


def parts(path: str) -> list[str]:
    # The name of a topic contains a dot.
    return re.split(r"(?<!events)\.", path)


def setting_at(path: str) -> str:
    """Model and key of a setting; names that users choose belong to the section above them."""
    key, below = "", models_in(environment.Settings)
    for part in parts(path):
        found = next((model for model in below if part in model.model_fields), None)
        if found:
            key, below = f"{found.__name__}.{part}", models_in(found.model_fields[part].annotation)
    return key


def edited(text: str, changes: Iterable[tuple[str, Any]]) -> str:
    """Environment file with keys set or removed."""
    document = yaml.safe_load(text)
    for path, value in changes:
        *parents, last = parts(path)
        section = document
        for parent in parents:
            section = section.setdefault(parent, {})
        if value is GONE:
            del section[last]
        else:
            section[last] = value
    return yaml.safe_dump(document)


def platform(outdir: Path, text: str, name: str = "prod") -> Templates:
    """Templates of an environment file."""
    settings = parse(text, source=Path(f"environments/{name}.yaml"))
    synthesize(settings, outdir=outdir, policies=False, assets=False)
    return templates_in(outdir / f"assembly-{name}")


@pytest.fixture(scope="module")
def templates_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Templates]:
    """Templates of the base, or of a group of changed settings."""

    @cache
    def templates(name: str) -> Templates:
        text = edited(edited(PROD, BASE.items()), GROUPS.get(name, ()))
        return platform(tmp_path_factory.mktemp(name), text)

    return templates


@pytest.fixture(scope="module")
def changes_of(templates_of: Callable[[str], Templates]) -> Callable[[str], list[Change]]:
    """Comparison of the base with a group of changed settings."""
    return cache(lambda name: compare(templates_of("base"), templates_of(name)))


PRODUCTION = {"data.removal_policy", "network.interface_endpoints"}
"""Settings with a change that production refuses."""
GROUPS: dict[str, list[tuple[str, Any]]] = {
    "worst": [*((path, value) for path, _, value, _ in WORST), *FOLLOWING],
    "other-way": [(path, value) for path, _, value, _ in OTHER_WAY],
    "harmless": [*HARMLESS.items()],
    "accepted": [
        (path, value)
        for path, kind, value, _ in (*WORST, *OTHER_WAY)
        if schema.EFFECTS[setting_at(path)][kind] != Effect.REFUSED and path not in PRODUCTION
    ],
}


@pytest.mark.parametrize(("group", "tried"), [("worst", WORST), ("other-way", OTHER_WAY)])
def test_changed_setting_matches_schema_effect(
    changes_of: Callable[[str], list[Change]], group: str, tried: tuple[Tried, ...]
) -> None:
    found = changes_of(group)
    wrong: list[str] = []
    for path, kind, _, detail in tried:
        effects = {
            str(change.effect) for change in found if detail in f"{change.subject}: {change.detail}"
        }
        if schema.EFFECTS[setting_at(path)][kind] not in effects:
            wrong.append(f"{path}, {kind}: {effects or 'nothing'} of {detail}")
    assert wrong == []


def test_harmless_settings_interrupt_nothing(changes_of: Callable[[str], list[Change]]) -> None:
    worse = [change for change in changes_of("harmless") if change.effect != Effect.NONE]
    assert worse == []
    assert len(changes_of("harmless")) > 100


def test_changes_in_dev_have_effects_of_schema(tmp_path: Path) -> None:
    dev = platform(tmp_path / "dev", DEV, "dev")
    changed = platform(tmp_path / "changed", edited(DEV, IN_DEV.items()), "dev")
    worse = {
        group: {
            change.subject[:-8] for change in compare(one, other) if change.effect == Effect.REFUSED
        }
        for group, one, other in (("there", dev, changed), ("back", changed, dev))
    }
    gateways = {f"NetworkVpcpublicSubnet{n}NATGateway" for n in (2, 3)}
    assert worse == {"there": {"SecurityGroupsoperators"}, "back": gateways}
    for key, kind in (
        ("OperatorsSettings.network", "off"),
        ("NetworkSettings.nat_gateways", "fewer"),
    ):
        assert schema.EFFECTS[key][kind] == Effect.REFUSED


def test_accepted_changes_are_refused_nowhere(changes_of: Callable[[str], list[Change]]) -> None:
    """CloudFormation refuses the whole update, also if a part of it only interrupts."""
    found = changes_of("accepted")
    assert [change for change in found if change.effect == Effect.REFUSED] == []
    assert Effect.INTERRUPTION in {change.effect for change in found}


@pytest.mark.parametrize(
    ("group", "first", "exports"),
    [
        ("worst", ["observability"], [f"BrokersKafkaBroker{n}Targets" for n in (3, 4)]),
        (
            "other-way",
            ["ecs-services", "observability"],
            ["SecurityGroupsqueuedepth", "BrokersManagementTargets"],
        ),
    ],
    ids=["brokers", "last-scaled-queue"],
)
def test_removed_exports_need_two_deployments(
    templates_of: Callable[[str], Templates],
    changes_of: Callable[[str], list[Change]],
    group: str,
    first: list[str],
    exports: list[str],
) -> None:
    """docs/changes.md and docs/runbooks/redpanda.md: first a deployment of only the users of the
    exports.
    """

    def refused(changes: Iterable[Change]) -> set[str]:
        refusals = (change for change in changes if change.effect == Effect.REFUSED)
        return {f"{change.subject}: {change.detail}" for change in refusals}

    before, now = templates_of("base"), templates_of(group)
    between = {**before, **{stack: now[stack] for stack in first}}
    at_once = refused(changes_of(group))
    only_at_once = {refusal for refusal in at_once if refusal.startswith(tuple(exports))}
    assert len(only_at_once) == len(exports)
    # The other changes of the group are rejected either way.
    assert refused(compare(before, between)) | refused(compare(between, now)) <= (
        at_once - only_at_once
    )


def test_clusters_have_version_and_layer(templates_of: Callable[[str], Templates]) -> None:
    found = {}
    for group in ("base", *GROUPS):
        resources = templates_of(group)["eks-platform"]["Resources"]
        found[only(resources, "AWS::EKS::Cluster")["Version"]] = [
            layer["Description"] for layer in all_of(resources, "AWS::Lambda::LayerVersion")
        ]
    # tests/unit/kubernetes/test_cluster.py has the oldest.
    assert found.keys() == versions.KUBERNETES.keys() - {"1.29"}
    for version, layers in found.items():
        assert any(
            f"kubectl 1.{versions.KUBERNETES[version].layer.package.rpartition('_v')[2]}." in layer
            for layer in layers
        )


def test_boundary_may_be_a_name(templates_of: Callable[[str], Templates]) -> None:
    boundaries = [
        json.dumps(role.get("PermissionsBoundary"))
        for _, _, role in in_templates(templates_of("harmless"), "AWS::IAM::Role")
    ]
    assert [named for named in boundaries if named.count(":policy/boundary") != 1] == []
    assert len(boundaries) > 30


def test_stacks_import_no_rds_secrets(templates: Callable[[str], Templates]) -> None:
    """Such an export would block `master_rotation: platform` in a deployed environment."""
    exported = {
        stack: json.dumps(template.get("Outputs", {}))
        for stack, template in templates("prod").items()
    }
    assert [stack for stack, outputs in exported.items() if "MasterUserSecret" in outputs] == []


def test_removed_users_change_no_descriptions(changes_of: Callable[[str], list[Change]]) -> None:
    assert [
        change
        for change in changes_of("worst")
        if change.stack == "data" and "Description" in change.detail
    ] == []


def test_callers_depend_on_called_services(templates_of: Callable[[str], Templates]) -> None:
    services = of_type(templates_of("base")["ecs-services"]["Resources"], "AWS::ECS::Service")
    (caller,) = (service for id_, service in services.items() if id_.startswith("caller"))
    assert [id_ for id_ in caller["DependsOn"] if id_ in services] == [
        id_ for id_ in services if id_.startswith("called")
    ]


def test_log_groups_follow_settings(templates_of: Callable[[str], Templates]) -> None:
    keys = (
        "observability.access_log_days",
        "observability.security_log_days",
        "network.flow_log_retention_days",
    )
    access, security, flows = (BASE[key] for key in keys)
    groups = {
        f"{stack}/{id_}": group.get("RetentionInDays")
        for stack, id_, group in in_templates(templates_of("base"), "AWS::Logs::LogGroup")
    }
    assert len(groups) > 20
    assert {
        name: days for name, days in groups.items() if days not in (access, security, flows)
    } == {}
    assert [name.split("/")[0] for name, days in groups.items() if days == flows] == ["network"]
    records = {
        name: days
        for name, days in groups.items()
        if any(record in name for record in SECURITY_RECORDS)
    }
    assert records
    assert set(records.values()) == {security}


def leaves() -> set[str]:
    document = json.loads(schema.text())
    models = {"Settings": document, **document["$defs"]}
    return {
        f"{model}.{key}"
        for model, said in models.items()
        for key, value in said.get("properties", {}).items()
        if "x-change" in value
    }


def flat(value: Any, path: str = "") -> Iterator[str]:
    yield re.sub(r"^services\.[a-z-]+", "services.*", path)
    if isinstance(value, dict):
        for key, below in value.items():
            yield from flat(below, f"{path}.{key}".lstrip("."))


def sections(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path of each model in an environment file."""
    yield model.__name__, path
    for key, field in model.model_fields.items():
        for part in models_in(field.annotation):
            yield from sections(part, f"{path}{key}.{f'{NAMED[key]}.' if key in NAMED else ''}")


def test_settings_are_changed_once() -> None:
    """A new setting requires an entry in `HARMLESS`, or in `schema.EFFECTS` and in a
    group above. A setting with a harmless kind of change requires both.
    """
    tried = {(setting_at(path), kind) for path, kind, *_ in (*WORST, *OTHER_WAY)}
    listed = {
        (key, kind)
        for key, kinds in schema.EFFECTS.items()
        for kind, effect in kinds.items()
        if effect != schema.NONE
    }
    assert listed == tried | ELSEWHERE.keys()
    never_harmless = {
        key for key, kinds in schema.EFFECTS.items() if schema.NONE not in kinds.values()
    }
    harmless = tuple(f"{path}." for path in flat(HARMLESS))
    paths = dict(reversed([*sections(environment.Settings)]))
    rest = {
        leaf: paths[leaf.partition(".")[0]] + leaf.partition(".")[2]
        for leaf in leaves() - never_harmless - UNTRIED.keys()
    }
    assert [
        leaf
        for leaf, place in rest.items()
        if not any(path.startswith(f"{place}.") for path in harmless)
    ] == []
