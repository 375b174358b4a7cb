"""Corner cases of the settings, each synthesized completely, with a check of its templates."""

import copy
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from cfnlint.api import ManualArgs, lint_by_config

from spotmusic_cdk.settings import parse
from tools.capacity.changes import put
from tools.checkout import ROOT, synthesize
from tools.fuzz import promises
from tools.model.cluster import read
from tools.model.policy_sizes import too_large
from tools.model.stacks import stacks_in
from tools.model.templates import templates_in

Changes = dict[str, Any]

TALKS = ("database", "cache", "events", "tasks")
MOST_RESOURCES = 500
MOST_BYTES = 900_000
"""Maximum bytes of a template, as CDK and cfn-lint count them.

It is 10% below CloudFormation's 1 MB (AWS CloudFormation quotas).
"""
MOST_OUTPUTS = 180
"""Maximum number of outputs of a template, 10% below CloudFormation's 200."""
MOST_EVENT = 262_144
"""Maximum bytes of the event with a custom resource's properties.

Source: AWS Lambda quotas, asynchronous calls.
"""


def _service(number: int, *words: str, **more: Any) -> Changes:
    return {
        f"services.service-{number}": {
            "route": f"/v1/s{number}",
            "talks_to": list(words),
            "scaling": {"min": 3, "max": 9},
            **more,
        }
    }


def _services(count: int, *words: str, first: int = 0, **more: Any) -> Changes:
    return {
        key: service
        for number in range(first, count)
        for key, service in _service(number, *words, **more).items()
    }


def _topic(count: int) -> Changes:
    """Topic that allows services to use the word `events`."""
    names = [f"service-{number}" for number in range(count)]
    everybody = {
        "producers": ["playback", *names],
        "consumers": ["recommendations", "trends", "notifications"],
    }
    return {"kubernetes.redpanda.topics": {"events.all": everybody}}


def _in_region(region: str, zones: str = "abc", **changes: Any) -> Changes:
    return {
        "region": region,
        "zones": [f"{region}{zone}" for zone in zones],
        "edge.origin_prefix_list": "pl-12345678",
        **changes,
    }


_LONGEST = "abcdefghijklmnopqrstuvwx"
_SECRET = "arn:aws:secretsmanager:sa-east-1:111122223333:secret:spotmusic/a-secret-AbCdEf"
_ACCOUNT: Changes = {"account": "111122223333"}


def _secret(name: str) -> str:
    return _SECRET.replace("a-secret", name)


def _provider(kind: str, **more: str) -> Changes:
    return {
        "kind": kind,
        "label": kind,
        "client_id": "spotmusic",
        "secret": _secret(f"provider-{kind}"),
        **more,
    }


_CLUB = {
    key: f"https://club.example/{key}" for key in ("authorization_url", "token_url", "jwks_url")
}
_EVERY_OPTION_OF_PRODUCTION: Changes = {
    "identity": {
        "registration": True,
        "email": {"sender": "no-reply@spotmusic.example", "secret": _secret("mail")},
        "providers": {
            "google": _provider("google"),
            "github": _provider("github"),
            "club": _provider("oidc", issuer="https://club.example", **_CLUB),
        },
    },
    "mail": {"sender": "hello@news.spotmusic.example", "identity": "spotmusic.example"},
    "services.notifications.talks_to": ["tasks", "events", "mail"],
    "data.cache.own": ["playback", "kong"],
    "data.catalogue.master_rotation": "platform",
    "data.catalogue.read_replicas": 4,
    "data.identity.master_rotation": "platform",
    "domain.edge_certificate": (
        "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
    ),
    "kubernetes.redpanda.tiered_storage": {"license_secret": _secret("redpanda-license")},
    "kubernetes.rabbitmq.queues": {"lyrics": {"consumers": ["notifications"]}},
    "kubernetes.administrators": ["arn:aws:iam::111122223333:role/administrators"],
    "kubernetes.viewers": ["arn:aws:iam::111122223333:role/team"],
    "edge.allowed_countries": ["BR", "PT"],
    "edge.hsts_include_subdomains": True,
    "edge.origin_shield": "sa-east-1",
    "network.load_balancer_units": 100,
    "tags": {"DataOwner": "music-rights", "Sap Order": "100234", "a+b._:/@-": "c=d"},
    "cost_center": "KST-4711",
    "permissions_boundary": "arn:aws:iam::111122223333:policy/company/boundary",
    "observability.alarm_endpoints": [
        "https://events.pagerduty.com/integration/0123456789abcdef/enqueue"
    ],
    "observability.pager_endpoints": [
        "https://events.pagerduty.com/integration/fedcba9876543210/enqueue"
    ],
    "observability.runbooks_url": (
        "https://git.spotmusic.example/platform/-/blob/main/docs/runbooks/"
    ),
    "observability.alarm_slack": {"workspace": "T0123ABCD", "channel": "C0123ABCD"},
    **{
        f"services.{name}.image": f"{registry}/team/{name}@sha256:{'0' * 64}"
        for name, registry in (
            ("notifications", "ghcr.io"),
            ("playback", "111122223333.dkr.ecr.sa-east-1.amazonaws.com"),
            ("recommendations", "444455556666.dkr.ecr.sa-east-1.amazonaws.com"),
        )
    },
    "services.recommendations.deployment": "blue_green",
    "services.trends.public": True,
    "services.trends.image_tag": "1.0.0",
    "services.web-api.image_tag": "1.0.0",
    "services.notifications.settings": {"CHANNELS": "mail, push"},
    "services.notifications.secrets": {"FCM_KEY": _secret("fcm")},
}
"""Options that production may enable and does not.

Options that it may disable are omitted, such as scanning by another environment, and so is the
other engine of the cache, which tests/properties/conftest.py covers.
"""
_EVERY_OPTION: Changes = {
    "identity": {
        "display_name": 'A "quoted" ação',
        "registration": True,
        "email": {"sender": "no-reply@spotmusic.example", "secret": _SECRET},
        "providers": {
            "google": {
                "kind": "google",
                "label": 'A "quoted" ação',
                "client_id": "x",
                "secret": _SECRET,
            }
        },
    },
    "kubernetes.redpanda.tiered_storage": {"license_secret": _SECRET},
    "kubernetes.administrators": ["arn:aws:iam::111122223333:role/administrators"],
    "kubernetes.viewers": ["arn:aws:iam::111122223333:role/team"],
    "kubernetes.endpoint": "public_and_private",
    "kubernetes.public_access_cidrs": ["54.240.193.128/26"],
    "edge.allowed_countries": ["BR", "PT"],
    "edge.hsts_include_subdomains": True,
    "permissions_boundary": "boundary",
    "tags": {"t" * 127: "v" * 255},
    "observability.alarm_emails": ["a@spotmusic.example", "b@spotmusic.example"],
    "registry.account_scanning": False,
    "network.interface_endpoints": ["kms"],
    "services.web-api.deployment": "blue_green",
    "services.web-api.public": True,
}
_LONGEST_NAMES: Changes = {
    "name": "abcdefghijkl",
    "owner": _LONGEST,
    "cost_center": _LONGEST,
    f"services.{_LONGEST}": {
        "route": "/v1/" + "a" * 96,
        "talks_to": [*TALKS, "audio", "uploads", "web-api"],
        "port": 65535,
    },
    "kubernetes.redpanda.topics": {
        "e" * 100: {
            "producers": ["playback", _LONGEST],
            "consumers": ["recommendations", "trends", "notifications"],
        }
    },
    "kubernetes.rabbitmq.queues": {_LONGEST[::-1]: {"consumers": [_LONGEST]}},
    "edge.signing_keys": [f"{_LONGEST[:-1]}{letter}" for letter in "abcde"],
}
_UPPER: Changes = {
    "domain": {"name": f"{'a' * 38}.example", "hosted_zone_id": "Z" + "0" * 31},
    "data.catalogue": {
        "instance_class": "r8g.48xlarge", "storage_gib": 59578, "max_storage_gib": 65536,
        "version": "8.4.11",
        "master_rotation": "platform", "read_replicas": 5,
    },
    "data.cache": {"node_type": "cache.r7g.16xlarge", "replicas": 5, "snapshot_retention_days": 35},
    "data.backup": {"retention_days": 365, "vault_lock_days": 36500},
    "data.buckets": {"audio_noncurrent_days": 90, "upload_days": 90, "log_days": 3650},
    "kubernetes.redpanda": {"brokers": 9, "cpu": 32, "memory_gib": 512, "storage_gib": 65536},
    "kubernetes.rabbitmq": {"memory_gib": 128, "storage_gib": 65536},
    "kubernetes.kong": {"min_replicas": 50, "max_replicas": 400, "requests_per_minute": 1_000_000},
    "kubernetes.keycloak": {"replicas": 60},
    "kubernetes.monitoring": {"prometheus_storage_gib": 65536, "retention_hours": 720},
    "edge.requests_per_five_minutes": 2_000_000_000,
    "observability.access_log_days": 3653,
    "observability.monthly_budget_usd": 1_000_000_000,
    "capacity": {
        "listeners": 1_000_000_000, "growth_percent": 1000, "audience": {"hours_per_month": 730},
    },
    "usage": {"listeners": {"low": 1, "mid": 1, "high": 1_000_000_000}, "audio_gib": 100_000_000},
    "registry.keep_images": 1000,
    "registry.untagged_days": 3650,
    "services.trends": {
        "cpu": 16384, "memory": 122880, "scaling": {"min": 100, "max": 1000, "cpu_percent": 90},
        "talks_to": ["events"],
    },
}  # fmt: skip
_LOWER: Changes = {
    "data.catalogue": {"max_storage_gib": 22, "multi_az": False, "instance_class": "t3.medium"},
    "data.cache": {"node_type": "cache.t3.micro", "replicas": 0, "snapshot_retention_days": 1},
    "data.backup": {"retention_days": 1},
    "data.buckets": {"audio_noncurrent_days": 1, "upload_days": 1, "log_days": 185},
    "kubernetes.redpanda": {"brokers": 1, "memory_gib": 2, "storage_gib": 1},
    "kubernetes.keycloak": {"replicas": 1},
    "kubernetes.rabbitmq": {"memory_gib": 1, "storage_gib": 2},
    "kubernetes.kong": {"min_replicas": 2, "max_replicas": 2, "requests_per_minute": 1},
    "kubernetes.monitoring": {"prometheus_storage_gib": 1, "retention_hours": 2},
    "edge.requests_per_five_minutes": 10,
    "edge.logins_per_five_minutes": 10,
    "observability.monthly_budget_usd": 1,
    "registry.keep_images": 5,
    "registry.untagged_days": 1,
}

EVERY_OPTION = "production with every option"
"""Checked by its promises as well (promises.py).

The linter covers its options at their upper limits, except for its certificate at the edge.
"""
HEAVIEST = "twenty-two services that talk to everything, and the five of production"
"""Corner that is not linted.

Its templates repeat those of other corners, and the linter would take as long as for all of them.
"""

CORNERS: dict[str, tuple[str, Changes]] = {
    HEAVIEST: ("prod", {**_services(22, *TALKS), **_topic(22)}),
    "forty services, as many of them blue/green and connected as the stacks hold": (
        "prod",
        _services(15, "cache", deployment="blue_green")
        | _services(35, "cache", "database", first=15),
    ),
    EVERY_OPTION: ("prod", _EVERY_OPTION_OF_PRODUCTION),
    "every number at its upper limit, with every option and an account": (
        "prod",
        _ACCOUNT | _UPPER | _EVERY_OPTION_OF_PRODUCTION | {
            "data.catalogue.read_replicas": 5, "domain.edge_certificate": None,
        },
    ),
    "every number at its lower limit, without services, in me-central-1": (
        "dev", _in_region("me-central-1") | _LOWER | {"services": {}},
    ),
    "the longest names, with every option": ("dev", _EVERY_OPTION | _LONGEST_NAMES),
    "two zones of us-west-1, Valkey, last year's Kubernetes, deletion of data": (
        "dev",
        _in_region("us-west-1", "ab") | {
            "kubernetes.version": "1.29",
            "data": {
                "removal_policy": "destroy", "allow_data_destruction": True,
                "cache": {"engine": "valkey"},
            },
        },
    ),
    "all stacks in the edge region": ("dev", _in_region("us-east-1") | _ACCOUNT),
}  # fmt: skip
"""Corners, largest first, because the last one to end should be short."""

LINTED: dict[str, tuple[str, ...]] = {HEAVIEST: (), EVERY_OPTION: ("edge",)}
"""Stacks to lint by corner; other corners are linted completely."""


def text_of(name: str) -> str:
    """Return the environment file of a corner.

    Users edit `environments`; corners at the limits of stacks change the fixtures of tests.
    """
    environment, changes = CORNERS[name]
    document = yaml.safe_load((ROOT / "tests" / "environments" / f"{environment}.yaml").read_text())
    for path, value in changes.items():
        put(document, tuple(path.split(".")), copy.deepcopy(value))
    return yaml.safe_dump(document, allow_unicode=True)


def judge(name: str, outdir: Path) -> list[str]:
    """Synthesize a corner and return the findings in its templates."""
    settings = parse(text_of(name), source=Path("environments/corner.yaml"))
    synthesize(settings, outdir=outdir)
    assembly = outdir / f"assembly-{settings.name}"
    stacks = stacks_in(assembly)
    found = [problem for stack in stacks.values() for problem in _too_large(stack.template)]
    found += too_large(
        {stack.name: json.loads(stack.template.read_text()) for stack in stacks.values()}
    )
    linted: dict[str, list[Path]] = defaultdict(list)
    for id_ in LINTED.get(name, stacks):
        linted[stacks[id_].region].append(stacks[id_].template)
    promised = promises.broken(settings, outdir) if name == EVERY_OPTION else []
    refused = _refused_by_helm(settings.name, assembly)
    return [*found, *refused, *_lint(linted), *_policies(outdir), *promised]


def _refused_by_helm(environment: str, assembly: Path) -> Iterator[str]:
    """Yield the error of Helm, which rejects values by the schemas of our charts."""
    try:
        read(environment, templates_in(assembly), assembly)
    except ValueError as error:
        yield f"Helm: {error}"


def _too_large(path: Path) -> Iterator[str]:
    template = json.loads(path.read_text())
    for what, amount, most in (
        ("resources", len(template["Resources"]), MOST_RESOURCES),
        ("bytes", path.stat().st_size, MOST_BYTES),
        ("outputs", len(template.get("Outputs", {})), MOST_OUTPUTS),
    ):
        if amount > most:
            yield f"{path.name}: {amount} {what} exceed the limit of {most}"
    for id_, resource in template["Resources"].items():
        size = len(json.dumps(resource)) if resource["Type"].startswith("Custom::") else 0
        if size > MOST_EVENT:
            yield f"{path.name}: {id_} has {size} bytes; the limit of an event is {MOST_EVENT}"


def _lint(templates: dict[str, list[Path]]) -> Iterator[str]:
    """Yield violations of CloudFormation's schemas and limits.

    Warnings are checked in the shipped environments.
    """
    for region, paths in templates.items():
        for match in lint_by_config(
            ManualArgs(
                templates=[str(path) for path in paths], regions=[region], ignore_checks=["W", "I"]
            )
        ):
            where = f"{Path(match.filename or '').name} {match.rule.id}"
            yield f"{where} {'/'.join(map(str, match.path or []))}: {match.message}"


def _policies(outdir: Path) -> Iterator[str]:
    """Yield findings of cdk-nag; warnings of the application are for users."""
    reports = json.loads((outdir / "validation-report.json").read_text())["pluginReports"]
    for report in (
        report for report in reports if report["pluginName"] in ("AwsSolutions", "NIST.800.53.R5")
    ):
        for violation in report.get("violations", ()):
            places = ", ".join(
                place["constructPath"] for place in violation["violatingConstructs"][:3]
            )
            yield f"{report['pluginName']} {violation['ruleName']}: {places}"
