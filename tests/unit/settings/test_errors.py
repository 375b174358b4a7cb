"""Error messages of invalid environment files: file, key, problem, remedy."""

import gc
import json
import re
import subprocess
import sys
import warnings
from copy import deepcopy
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from spotmusic_cdk.settings import Settings, SettingsError, SettingsWarning, load, parse
from spotmusic_cdk.settings.regions import REGIONS, price_classes_of
from tests.conftest import TODAY
from tools.checkout import ROOT, feature_flags

DEV = (ROOT / "tests" / "environments" / "dev.yaml").read_text()
PROD = (ROOT / "tests" / "environments" / "prod.yaml").read_text()


def changed(text: str, changes: dict[str, Any]) -> str:
    """Return an environment file with changed values, as JSON. Keys are dotted paths."""
    document = deepcopy(_document(text))
    for path, value in changes.items():
        *parents, last = path.split(".")
        section = document
        for parent in parents:
            section = section.setdefault(parent, {})
        section[last] = value
    return json.dumps(document, sort_keys=True)


@cache
def _document(text: str) -> dict[str, Any]:
    return dict(yaml.safe_load(text))


def message(text: str, *, name: str = "dev") -> str:
    with pytest.raises(SettingsError) as raised:
        parse(text, source=Path(f"environments/{name}.yaml"))
    return str(raised.value)


TEAM = "arn:aws:iam::111122223333:role/team"
PROVIDER = {
    "label": "X",
    "client_id": "spotmusic",
    "secret": "arn:aws:secretsmanager:sa-east-1:111122223333:secret:provider-AbCdEf",
}
INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown key": ({"nmae": "x"}, "nmae: unknown key.\n  Did you mean name?"),
    "a wrong type": (
        {"kubernetes.version": 1.36},
        "kubernetes.version: 1.36 is not text.\n  Put it in quotes.",
    ),
    "an account that is a number": (
        {"account": 111122223333},
        "account: 111122223333 is not text.\n  Put it in quotes.",
    ),
    "a misspelt choice": (
        {"data.removal_policy": "destory"},
        "stack is deleted).\n  Did you mean destroy?",
    ),
    "a number that is no choice": (
        {"network.flow_log_retention_days": 8},
        "Use one of 365, 400, 545",
    ),
    "a choice without quotes": ({"edge.price_class": 100}, "Put it in quotes."),
    "a misspelt region": (
        {"region": "sa-est-1"},
        "requires the partition aws.\n  Did you mean sa-east-1?",
    ),
    "a misspelt size of instances": (
        {"data.catalogue.instance_class": "t4g.medum"},
        "Did you mean medium?",
    ),
    "replicas of a database with a password of RDS": (
        {"data.catalogue.read_replicas": 2},
        (
            "data.catalogue.read_replicas: "
            "RDS creates no replica of a database while it manages the master secret.\n"
            "  Set data.catalogue.master"
        ),
    ),
    "replicas without readers": (
        {"data.identity.read_replicas": 1},
        "data.identity.read_replicas: Keycloak and Grafana read and write",
    ),
    "a separate cache without a client": (
        {"data.cache.own": ["playbak"]},
        "data.cache.own: playbak does not use the cache.\n  Did you mean playback?",
    ),
    "more alarms than their stack holds": (
        {
            "data.catalogue.master_rotation": "platform",
            "data.catalogue.read_replicas": 5,
            "data.cache": {"replicas": 5, "own": ["kong", "trends", "playback", "web-api"]},
        },
        "services: services, read replicas and nodes of caches need",
    ),
    "more tasks than addresses": (
        {
            "network.cidr": "10.20.0.0/18",
            "services.web-api.scaling": {"min": 1, "max": 1000},
            "services.playback.scaling": {"max": 900},
        },
        "services: their tasks need up to",
    ),
    "a region without Origin Shield": (
        {"edge.origin_shield": "us-west-1"},
        (
            "edge.origin_shield: CloudFront has no Origin Shield in us-west-1.\n"
            "  Did you mean us-west-2?"
        ),
    ),
    "a region without Amazon Inspector": (
        {
            "region": "ap-southeast-6",
            "zones": ["ap-southeast-6a", "ap-southeast-6b"],
            "edge.origin_prefix_list": "pl-12345678",
        },
        "registry.account_scanning: ap-southeast-6 has no Amazon Inspector.\n  Set it to false.",
    ),
    "a value out of bounds": (
        {"data.catalogue.storage_gib": 5},
        "data.catalogue.storage_gib: 5 is refused: input should be greater than",
    ),
    "half the name of a secret": (
        {"registry.github_credentials": "x:secret:ecr-pullthroughcache/x"},
        (
            "registry.github_credentials: 'x:secret:ecr-pullthroughcache/x' is refused: "
            "it does not match ^arn:aws:secretsmanager"
        ),
    ),
    "a CIDR that is too small": (
        {"network.cidr": "10.20.0.0/24"},
        "network.cidr: 10.20.0.0/24 has an unsupported size",
    ),
    "a CIDR with host bits": (
        {"network.cidr": "10.20.1.0/16"},
        "network.cidr: '10.20.1.0/16' is not an IPv4 network",
    ),
    "a public CIDR": (
        {"network.cidr": "8.8.0.0/16"},
        "network.cidr: 8.8.0.0/16 is not a private range",
    ),
    "a zone of another region": (
        {"zones": ["sa-east-1a", "sa-east-1b", "eu-west-1c"]},
        (
            "zones: eu-west-1c is not a zone of sa-east-1.\n"
            "  Write zones: [sa-east-1a, sa-east-1b, sa-east-1c], or change region"
        ),
    ),
    "a VPC that exists": (
        {"network.vpc_id": "vpc-0"},
        "network.vpc_id: unknown key.\n  The platform creates its own VPC; choose a network.cidr",
    ),
    "a certificate of the gateway": (
        {"domain": {"name": "a.example", "hosted_zone_id": "Z0123456", "gateway_certificate": "x"}},
        "domain.gateway_certificate: unknown key.\n  Use domain.edge_certificate for your own",
    ),
    "a platform without Redpanda": (
        {"kubernetes.redpanda": None},
        (
            "kubernetes.redpanda: a section cannot be switched off.\n"
            "  Remove it: every component belongs to the platform"
        ),
    ),
    "a key without a value": (
        {"network.cidr": None},
        "network.cidr: the value is missing.\n  Write one, or remove the key; environments/",
    ),
    "a choice without a value": (
        {"services.trends.cpu": None},
        "services.trends.cpu: the value is missing.\n  Use one of 256, 512, ",
    ),
    "a service without a value": (
        {"services.lyrics": None},
        (
            "services.lyrics: the value is missing.\n"
            "  Write lyrics: {} for its defaults, or remove the key."
        ),
    ),
    "text in place of a list": (
        {"observability.alarm_emails": "team@example.com"},
        (
            "observability.alarm_emails: 'team@example.com' is not a list.\n"
            "  Put it in square brackets."
        ),
    ),
    "a month of logs": (
        {"observability.access_log_days": 30},
        "Days that records of access are kept; Marco Civil (art. 15) requires",
    ),
    "a boundary by its ARN": (
        {"permission_boundary_arn": "x"},
        "unknown key.\n  Use permissions_boundary at the top of the file.",
    ),
    "a peak at the top": (
        {"peak": {"listeners": 1}},
        "peak: unknown key.\n  Use capacity.listeners for the environment, and load:",
    ),
    "replicas of RabbitMQ": (
        {"kubernetes.rabbitmq.replicas": 1},
        "unknown key.\n  Remove it: RabbitMQ has three nodes",
    ),
    "an image of another region": (
        {
            "services.trends.image": (
                f"444455556666.dkr.ecr.us-east-1.amazonaws.com/team/trends@sha256:{'0' * 64}"
            )
        },
        (
            "services.trends.image: the image is in us-east-1, not in sa-east-1.\n"
            "  Replicate the repository"
        ),
    ),
    "two images of one service": (
        {
            "services.trends.image": f"registry.example.com/trends@sha256:{'0' * 64}",
            "services.trends.image_tag": "1",
        },
        "services.trends.image: it cannot be combined with image_tag.\n  Remove one",
    ),
    "a tag of AWS": (
        {"tags": {"aws:cloudformation:x": "y"}},
        "tags: aws:cloudformation:x starts with a prefix that AWS or EKS reserves",
    ),
    "a tag of Amazon RDS": (
        {"tags": {"rds:team": "x"}},
        "tags: rds:team starts with a prefix that AWS or EKS reserves",
    ),
    "a value of a tag that RDS reserves": (
        {"tags": {"Team": "RDS:admins"}},
        "tags.Team: RDS:admins starts with a prefix that AWS reserves.\n  Use another.",
    ),
    "a cost center that AWS reserves": (
        {"cost_center": "aws:42"},
        "cost_center: aws:42 starts with a prefix that AWS reserves.\n  Use another.",
    ),
    "a tag of the platform": (
        {"tags": {"costcenter": "100234"}},
        "tags: costcenter is a tag of the platform.\n  Set cost_center instead.",
    ),
    "tags that differ in case": (
        {"tags": {"Team": "a", "team": "b"}},
        "tags: Team and team differ in case only, which IAM refuses",
    ),
    "tags that no policy holds": (
        {"tags": {f"{n}" * 127: "x" for n in range(5)}},
        "tags: the keys have 635 characters, more than the 600",
    ),
    "a boundary of another account": (
        {
            "account": "444455556666",
            "permissions_boundary": "arn:aws:iam::111122223333:policy/boundary",
        },
        "permissions_boundary: the policy belongs to account 111122223333, not to 444455556666",
    ),
    "a public endpoint without ranges": (
        {"kubernetes.endpoint": "public_and_private"},
        "kubernetes.public_access_cidrs: a public endpoint requires IPv4 ranges.\n  Set those of",
    ),
    "ranges of a private endpoint": (
        {"kubernetes.public_access_cidrs": ["54.240.193.128/26"]},
        "kubernetes.public_access_cidrs: ranges require a public endpoint.\n  Remove them",
    ),
    "an address that is no range": (
        {
            "kubernetes.endpoint": "public_and_private",
            "kubernetes.public_access_cidrs": ["54.240.193.130"],
        },
        "kubernetes.public_access_cidrs.0: '54.240.193.130' is not an IPv4 range",
    ),
    "a private range of a public endpoint": (
        {
            "kubernetes.endpoint": "public_and_private",
            "kubernetes.public_access_cidrs": ["10.1.0.96/27"],
        },
        (
            "kubernetes.public_access_cidrs.0: EKS refuses 10.1.0.96/27, a private or reserved "
            "range.\n  Use the public addresses"
        ),
    ),
    "a range of documentation": (
        {
            "kubernetes.endpoint": "public_and_private",
            "kubernetes.public_access_cidrs": ["54.240.193.128/26", "203.0.113.0/24"],
        },
        "kubernetes.public_access_cidrs.1: EKS refuses 203.0.113.0/24, a private or reserved",
    ),
    "zones of the region before": (
        {"region": "us-west-2", "edge.origin_prefix_list": "pl-12345678"},
        (
            "zones: sa-east-1a, sa-east-1b, sa-east-1c are not zones of us-west-2.\n"
            "  Write zones: [us-west-2a, us-west-2b, us-west-2c]"
        ),
    ),
    "a price class without the home continent": (
        {"edge.price_class": "200"},
        "edge.price_class: class 200 has no edges on the continent of sa-east-1.\n  Use all.",
    ),
    "a price class without Asia": (
        {
            "region": "ap-northeast-1",
            "zones": ["ap-northeast-1a", "ap-northeast-1c"],
            "edge.price_class": "100",
        },
        (
            "edge.price_class: class 100 has no edges on the continent of ap-northeast-1.\n"
            "  Use 200 or all."
        ),
    ),
    "a name of CloudFront with a domain": (
        {
            "edge.distribution_domain_name": "d111111abcdef8.cloudfront.net",
            "domain": {"name": "x.example", "hosted_zone_id": "Z0123456789EXAMPLE"},
        },
        "edge.distribution_domain_name: it cannot be combined with domain.\n  Remove one",
    ),
    "accounts for anybody without mail": (
        {"identity.registration": True},
        (
            "identity.registration: it requires identity.email to confirm addresses.\n"
            "  Set identity.email"
        ),
    ),
    "a secret in the name on login pages": (
        {"identity.display_name": "$(env:SMTP_PASSWORD)"},
        "identity.display_name: '$(env:SMTP_PASSWORD)' is refused: it does not match",
    ),
    "a provider of identities without its endpoints": (
        {
            "identity.providers": {
                "club": {**PROVIDER, "kind": "oidc", "issuer": "https://club.example"}
            }
        },
        (
            "identity.providers.club.kind: an oidc provider needs authorization_url, token_url, "
            "jwks_url.\n"
            "  Copy them from its /.well-known"
        ),
    ),
    "a provider that answers by POST": (
        {
            "identity.providers": {
                "apple": {
                    **PROVIDER,
                    "kind": "oidc",
                    "issuer": "https://appleid.apple.com",
                    "authorization_url": "https://appleid.apple.com/auth/authorize",
                    "token_url": "https://appleid.apple.com/auth/token",
                    "jwks_url": "https://appleid.apple.com/auth/keys",
                }
            }
        },
        "issuer: Keycloak does not accept Apple's answer",
    ),
    "a known provider with endpoints": (
        {
            "identity.providers": {
                "google": {**PROVIDER, "kind": "google", "issuer": "https://accounts.google.com"}
            }
        },
        "identity.providers.google.kind: Keycloak knows the endpoints of google.\n  Remove issuer.",
    ),
    "a provider behind a port that is shut": (
        {
            "identity.providers": {
                "club": {**PROVIDER, "kind": "oidc", "token_url": "https://club.example:8443/token"}
            }
        },
        (
            "identity.providers.club.token_url: port 8443 is closed to outgoing traffic.\n"
            "  Use an address on port 443, without the number."
        ),
    ),
    "more providers than a login page shows": (
        {
            "identity.providers": {
                f"club-{number}": {**PROVIDER, "kind": "google"} for number in range(21)
            }
        },
        (
            "identity.providers: {'club-0': {'client_id': 'spotmusic', 'kind': "
            "'google', 'label': 'X', 'secret':… is refused"
        ),
    ),
    "one zone": (
        {"zones": ["sa-east-1a"]},
        "zones: sa-east-1a are not two or three different zones",
    ),
    "two NAT gateways for three zones": (
        {"network.nat_gateways": 2},
        "network.nat_gateways: 2 is neither 1 nor one for each of the 3",
    ),
    "a route to a service without a port": (
        {"services.notifications.port": None, "services.notifications.route": "/v1/notifications"},
        "services.notifications.route: /v1/notifications requires a port",
    ),
    "two services on one route": (
        {"services.trends.route": "/v1/playback"},
        (
            "services.trends.route: /v1/playback is already the route of playback.\n"
            "  Give each service its own route."
        ),
    ),
    "cpu and memory that Fargate does not pair": (
        {"services.trends.cpu": 512, "services.trends.memory": 1000},
        (
            "services.trends.memory: Fargate does not support 1000 MiB with 512 cpu units.\n"
            "  Use 1024, 2048, 3072, 4096"
        ),
    ),
    "a service that talks to an unknown one": (
        {"services.trends.talks_to": ["lyrics"]},
        "services.trends.talks_to: lyrics is neither",
    ),
    "a misspelt word of talks_to": (
        {"services.trends.talks_to": ["event"]},
        "audio, uploads, mail.\n  Did you mean events?",
    ),
    "mail without a sender": (
        {
            "services.trends.talks_to": ["mail"],
            "services.trends.retired_talks_to": ["events", "cache"],
        },
        (
            "mail: trends may send mail, and mail.sender is missing.\n"
            "  Set it to an address that SES has verified"
        ),
    ),
    "a misspelt mode of a word": (
        {"services.trends.talks_to": [{"audio": "wite"}]},
        "services.trends.talks_to.0: 'wite' is not a mode of audio.\n  Did you mean write?",
    ),
    "a mode of a word without modes": (
        {"services.trends.talks_to": [{"cache": "read"}]},
        (
            "services.trends.talks_to.0: 'cache' has no modes; "
            "audio and catalogue do.\n"
            "  Write 'cache' without a mode."
        ),
    ),
    "the catalogue without a mode": (
        {"services.trends.talks_to": ["events", "catalogue"]},
        "services.trends.talks_to.1: catalogue requires a mode.\n  Write `catalogue: read` or",
    ),
    "two words in one entry": (
        {"services.trends.talks_to": [{"audio": "read", "cache": "read"}]},
        "services.trends.talks_to.0: each entry holds one word with its mode.",
    ),
    "a word with two modes": (
        {"services.trends.talks_to": ["events", "audio", {"audio": "write"}]},
        "services.trends.talks_to: duplicate value audio.",
    ),
    "more services with uploads than get verdicts": (
        {
            f"services.service-{number}": {"port": None, "talks_to": ["uploads"]}
            for number in range(5)
        },
        "services: uploads occurs 6 times in talks_to, and 5 services can receive verdicts",
    ),
    "more ports than policies hold": (
        {f"services.service-{number}": {"port": 9000 + number} for number in range(16)},
        (
            "services: their 17 different ports exceed the limit of 16 in the NetworkPolicies of "
            "Prometheus.\n  Use one port for several services."
        ),
    ),
    "two owners of the catalogue": (
        {
            "services.playback.talks_to": ["events", {"catalogue": "write"}],
            "services.playback.migrations": ["migrate"],
        },
        (
            "services.web-api.migrations: playback already owns the catalogue.\n"
            "  Set migrations on one service only."
        ),
    ),
    "a catalogue without an owner": (
        {"services.web-api.migrations": []},
        (
            "services: playback, recommendations, web-api use the catalogue, and no service has "
            "migrations.\n"
            "  Set them on the service"
        ),
    ),
    "migrations without the right to write": (
        {"services.playback.migrations": ["migrate"]},
        (
            "services.playback.migrations: they require write access to the catalogue.\n"
            "  Add catalogue: write"
        ),
    ),
    "two services that write the audio library": (
        {"services.trends.talks_to": ["events", {"audio": "write"}]},
        (
            "services.web-api.talks_to: trends already writes the audio library.\n"
            "  Let one service write it"
        ),
    ),
    "a service that talks to a retired one": (
        {"services.trends.talks_to": ["playback"], "services.playback.retired": True},
        "services.trends.talks_to: playback is retired.\n  Move playback to retired_talks_to here.",
    ),
    "a word that is retired and is not": (
        {"services.trends.retired_talks_to": ["cache"]},
        (
            "services.trends.retired_talks_to: cache is also in talks_to.\n"
            "  Remove it from one of the two."
        ),
    ),
    "a topic of a retired service": (
        {
            "services.playback.retired": True,
            "kubernetes.redpanda.topics": {
                "events.plays": {"producers": ["playback"], "consumers": ["trends"]}
            },
        },
        (
            "kubernetes.redpanda.topics.events.plays.producers: "
            "playback is not a service with events in talks_to"
        ),
    ),
    "a service that talks to a worker": (
        {"services.notifications.port": None, "services.trends.talks_to": ["notifications"]},
        "notifications has no port",
    ),
    "a setting of the platform": (
        {"services.trends.settings": {"CACHE_HOST": "x"}},
        "services.trends.settings.CACHE_HOST: the name is reserved by the platform",
    ),
    "a setting that is an address": (
        {"services.trends.settings": {"WEB_API_URL": "x"}},
        "services.trends.settings.WEB_API_URL: the name is reserved for the address of web-api.",
    ),
    "a variable that is a setting and a secret": (
        {
            "services.trends.settings": {"TOKEN": "x"},
            "services.trends.secrets": {
                "TOKEN": "arn:aws:secretsmanager:sa-east-1:111122223333:secret:x-AbCdEf"
            },
        },
        "services.trends.secrets.TOKEN: settings has this variable as well",
    ),
    "a service's secret of another region": (
        {
            "services.trends.secrets": {
                "TOKEN": "arn:aws:secretsmanager:us-east-1:111122223333:secret:x-AbCdEf"
            }
        },
        "services.trends.secrets.TOKEN: the secret is in us-east-1",
    ),
    "more settings than a template holds": (
        {
            f"services.{name}.settings": {f"TEXT{n}": "x" * 1024 for n in range(20)}
            for name in ("web-api", "playback", "recommendations", "trends", "notifications")
        },
        "services: their settings have 102950 bytes, and one stack holds 100000",
    ),
    "a setting of many bytes": (
        {"services.trends.settings": {"TEXT": "ã" * 600}},
        "services.trends.settings.TEXT: 1200 bytes exceed the limit of 1024.\n  Shorten it.",
    ),
    "a setting that CloudFormation replaces": (
        {"services.trends.settings": {"TOKEN": "x{{resolve:secretsmanager:token}}"}},
        (
            "services.trends.settings.TOKEN: CloudFormation replaces {{resolve: by a value that "
            "task definitions show.\n"
            "  Use secrets."
        ),
    ),
    "an argument that CloudFormation replaces": (
        {"services.web-api.migrations": ["migrate", "{{resolve:ssm:mode}}"]},
        "services.web-api.migrations.1: CloudFormation replaces {{resolve: by a value",
    ),
    "settings of more bytes than a template holds": (
        {
            f"services.{name}.settings": {f"TEXT{n}": "ã" * 512 for n in range(20)}
            for name in ("web-api", "playback", "recommendations", "trends", "notifications")
        },
        "services: their settings have 102950 bytes, and one stack holds 100000",
    ),
    "services that call each other": (
        {
            "services.trends.talks_to": ["playback"],
            "services.playback.talks_to": ["web-api"],
            "services.web-api.talks_to": [{"catalogue": "write"}, "trends"],
        },
        "playback calls web-api calls trends calls playback: none of them can start first.",
    ),
    "a service named like a resource": (
        {"services.cache": {}},
        "services.cache: the name is a resource",
    ),
    "scaling on requests without a route": (
        {"services.notifications.scaling": {"requests_per_target": 10}},
        (
            "services.notifications.scaling.requests_per_target: "
            "requests are counted with a route only"
        ),
    ),
    "more events than there are": (
        {"capacity.events.topic_percent": {"events.listening": 80, "events.trends": 30}},
        "capacity.events.topic_percent: 110% is more than all events.\n  Lower some.",
    ),
    "events of a misspelt topic": (
        {"capacity.events.topic_percent": {"events.listning": 30}},
        (
            "capacity.events.topic_percent: there is no topic events.listning.\n"
            "  Did you mean events.listening?"
        ),
    ),
    "a load without what a task does": (
        {"services.trends.load": {"per_listener_hour": 100}},
        "services.trends.load.per_task: required key is missing",
    ),
    "the peak of an earlier version": (
        {"resilience.peak": {"listeners": 1}},
        "resilience.peak: unknown key.\n  Use capacity.listeners",
    ),
    "the peak of a service": (
        {"services.trends.peak": {"per_second": 1, "per_task": 1}},
        (
            "services.trends.peak: unknown key.\n"
            "  Use capacity.listeners for the environment, and load: {per_listener_hour, per_task}"
        ),
    ),
    "the mean of an earlier version": (
        {"usage.mean_percent": 33},
        "usage.mean_percent: unknown key.\n  Use capacity.audience.busiest_hour_percent",
    ),
    "min above max": (
        {"services.trends.scaling": {"min": 5, "max": 2}},
        "services.trends.scaling: min 5 is above max 2",
    ),
    "an even number of brokers": (
        {"kubernetes.redpanda.brokers": 4},
        "kubernetes.redpanda.brokers: 4 brokers tolerate no more failures than 3",
    ),
    "a topic with an unknown consumer": (
        {
            "kubernetes.redpanda.topics": {
                "events.plays": {"producers": ["playback"], "consumers": ["radio"]}
            }
        },
        (
            "kubernetes.redpanda.topics.events.plays.consumers: "
            "radio is not a service with events in talks_to.\n"
            "  Correct it, or add"
        ),
    ),
    "a service that may use no topic": (
        {"kubernetes.redpanda.topics": {"events.trends": None, "events.recommendations": None}},
        (
            "services.notifications.talks_to: notifications has events in talks_to, and no topic "
            "names it"
        ),
    ),
    "a removed topic that is no default": (
        {"kubernetes.redpanda.topics": {"events.plays": None}},
        (
            "kubernetes.redpanda.topics.events.plays: "
            "only default topics can be removed with null.\n"
            "  Use one of events.listening, "
        ),
    ),
    "a topic with the name of dead letters": (
        {"kubernetes.redpanda.topics": {"dead-letters.trends": {"producers": ["trends"]}}},
        (
            "kubernetes.redpanda.topics.dead-letters.trends: the prefix dead-letters. "
            "is reserved for dead letters.\n"
            "  Use another name."
        ),
    ),
    "more replicas than brokers": (
        {"kubernetes.redpanda.topics": {"events.plays": {"replication": 5}}},
        "kubernetes.redpanda.topics.events.plays.replication: 5 exceeds the 3 brokers",
    ),
    "more partitions than the cores hold": (
        {
            "kubernetes.redpanda.topics": {
                "events.plays": {"partitions": 1000},
                "events.more": {"partitions": 1000},
            }
        },
        "kubernetes.redpanda.topics: 6099 partition replicas exceed 3000",
    ),
    "a queue without consumers": (
        {"kubernetes.rabbitmq.queues": {"mail": {}}},
        (
            "kubernetes.rabbitmq.queues.mail: no service mail has tasks in talks_to, so that the "
            "queue has no consumers.\n"
            "  Set its consumers."
        ),
    ),
    "a queue with an unknown publisher": (
        {"kubernetes.rabbitmq.queues": {"notifications": {"publishers": ["trends"]}}},
        (
            "kubernetes.rabbitmq.queues.notifications.publishers: "
            "trends is not a service with tasks in talks_to"
        ),
    ),
    "a service that scales on a queue that it does not take from": (
        {"kubernetes.rabbitmq.queues": {"notifications": {"consumers": ["web-api"]}}},
        (
            "kubernetes.rabbitmq.queues.notifications.consumers: "
            "notifications scales on the messages of this queue"
        ),
    ),
    "a service that may use no queue": (
        {"services.notifications.scaling": {}},
        (
            "services.web-api.talks_to: web-api has tasks in talks_to, and no queue names it.\n"
            "  Name it in kubernetes.rabbitmq.queues"
        ),
    ),
    "storage that cannot grow": (
        {"data.identity.max_storage_gib": 22, "data.identity.storage_gib": 22},
        "data.identity.max_storage_gib: 22",
    ),
    "forty-one services": (
        {f"services.service-{number}": {} for number in range(36)},
        (
            "services: 41 services exceed the limit of 40 in one stack.\n"
            "  Move some to another environment."
        ),
    ),
    "forty services, most of them blue/green": (
        {
            f"services.service-{n}": {
                "route": f"/v1/s{n}",
                "deployment": "blue_green" if n else "rolling",
            }
            for n in range(35)
        },
        (
            "services: their 506 resources exceed the limit of 472 in one stack.\n"
            "  Set deployment: rolling on some"
        ),
    ),
    "more connections than the network stack holds": (
        {
            f"services.service-{number}": {
                "route": f"/v1/s{number}",
                "talks_to": ["database", "cache", "web-api"],
            }
            for number in range(30)
        },
        (
            "services: their connections need 347 security groups and rules, and one network stack "
            "holds 320.\n"
            "  Shorten"
        ),
    ),
    "more clients than the brokers admit": (
        {
            f"services.service-{number}": {"port": None, "talks_to": ["events", "tasks"]}
            for number in range(30)
        },
        "services: events and tasks occur 66 times in talks_to, and the brokers allow 58",
    ),
    "a region of another partition": (
        {"region": "us-gov-west-1", "zones": ["us-gov-west-1a", "us-gov-west-1b"]},
        "region: unsupported region us-gov-west-1: CloudFront requires the partition aws",
    ),
    "a class of instances that the region lacks": (
        {"region": "ca-west-1", "zones": ["ca-west-1a", "ca-west-1b"]},
        (
            "data.catalogue.instance_class: t4g is not available in ca-west-1.\n"
            "  Use one of t3, m6g, m8g, r6g, r7g."
        ),
    ),
    "an unknown instance class": (
        {"data.identity.instance_class": "t4g.huge"},
        "instance_class: unsupported size huge of t4g.\n  Use",
    ),
    "fault injection without AWS FIS": (
        {
            "region": "mx-central-1",
            "zones": ["mx-central-1a", "mx-central-1b"],
            "resilience": {"fault_injection": True},
        },
        (
            "resilience.fault_injection: CloudFormation in mx-central-1 does not support "
            "experiment templates of AWS FIS.\n"
            "  Remove it."
        ),
    ),
    "a secret of another region": (
        {
            "registry.github_credentials": (
                "arn:aws:secretsmanager:us-east-1:111122223333:secret:"
                "ecr-pullthroughcache/github-AbCdEf"
            )
        },
        (
            "registry.github_credentials: the secret is in us-east-1, not in sa-east-1.\n"
            "  Create the secret in sa-east-1"
        ),
    ),
    "a secret of another account": (
        {
            "account": "111122223333",
            "identity.email": {
                "sender": "no-reply@x.example",
                "secret": PROVIDER["secret"].replace("111122223333", "444455556666"),
            },
        },
        (
            "identity.email.secret: the secret belongs to account 444455556666, not to "
            "111122223333.\n"
            "  Create the"
        ),
    ),
    "a service with the name of a superuser": (
        {"services.admin": {}},
        "services.admin: the name is reserved for the superuser of Redpanda",
    ),
    "a service with the name of a user of Amazon RDS": (
        {"services.rdsrepladmin": {}},
        "services.rdsrepladmin: the name is reserved for a user of Amazon RDS in MySQL",
    ),
    "a service with the name of another's secret": (
        {"services.trends-secret": {}},
        "services.trends-secret: trends has a secret of this name",
    ),
    "a route that is too deep": (
        {"services.trends.route": "/v1/a/b/c/d/e/f"},
        "services.trends.route: /v1/a/b/c/d/e/f has 7 segments.\n  Use 6 or fewer.",
    ),
    "a duplicate address": (
        {"observability.alarm_emails": ["a@x.example", "a@x.example"]},
        "alarm_emails: duplicate value a@x.example.\n  Remove the duplicate.",
    ),
    "an unknown country": (
        {"edge.allowed_countries": ["BR", "XX"]},
        "edge.allowed_countries.1: 'XX' is not a country of ISO 3166-1",
    ),
    "Norway": (
        {"edge.allowed_countries": [False]},
        "edge.allowed_countries.0: False is not text.\n  Put it in quotes.",
    ),
    "an administrator that looks on": (
        {"kubernetes.administrators": [TEAM], "kubernetes.viewers": [TEAM]},
        (
            f"kubernetes.viewers: {TEAM} is also an administrator, and EKS allows one access entry "
            "per role"
        ),
    ),
    "fewer pods at the most than at the least": (
        {"kubernetes.kong": {"min_replicas": 7, "max_replicas": 6}},
        (
            "kubernetes.kong: min_replicas 7 is above max_replicas 6.\n"
            "  Raise max_replicas or lower min_replicas."
        ),
    ),
    "a broker without memory for its cores": (
        {"kubernetes.redpanda": {"cpu": 4, "memory_gib": 4}},
        (
            "kubernetes.redpanda.memory_gib: 4 GiB is less than 2 for each of 4 cores.\n"
            "  Use 8 or more."
        ),
    ),
    "a volume that its free space fills": (
        {"kubernetes.rabbitmq": {"memory_gib": 16, "storage_gib": 20}},
        "kubernetes.rabbitmq.storage_gib: 20 GiB is less than twice memory_gib",
    ),
    "digits of another script": (
        {"account": "١١١١٢٢٢٢٣٣٣٣"},
        "account: '١١١١٢٢٢٢٣٣٣٣' is refused: it does not match ^[0-9]{12}$",
    ),
    "a value with a full stop in it": (
        {"owner": "a. b"},
        "owner: 'a. b' is refused: it does not match",
    ),
    "a value that a terminal would obey": ({"owner": "\x1b[31m"}, "owner: '\\x1b[31m' is refused"),
    "destruction without the second setting": (
        {"data.removal_policy": "destroy"},
        "data.removal_policy: destroy deletes data with its stack",
    ),
}


@pytest.mark.parametrize("case", INVALID)
def test_invalid_settings_name_key_and_remedy(case: str) -> None:
    changes, expected = INVALID[case]
    error = message(changed(DEV, changes))
    assert error.startswith("environments/dev.yaml: ")
    assert expected in error


INVALID_IN_PRODUCTION: dict[str, tuple[dict[str, Any], str]] = {
    "deletable data": (
        {"data.removal_policy": "destroy", "data.allow_data_destruction": True},
        "data.removal_policy: production must retain data when its stack is deleted",
    ),
    "no account": (
        {"account": None},
        "account: production requires one, so that no other account can be used.\n  Set it",
    ),
    "no administrators": (
        {"kubernetes.administrators": []},
        "kubernetes.administrators: no person could access the cluster",
    ),
    "no way in for people": (
        {"operators": {"network": False}},
        "operators.network: no person could reach the API server or a database in an incident",
    ),
    "no domain": ({"domain": None}, "domain: production needs certificates and logins"),
    "one NAT gateway": (
        {"network.nat_gateways": 1},
        "network.nat_gateways: production needs one per zone.\n  Use 3.",
    ),
    "no standby": (
        {"data.catalogue.multi_az": False},
        "data.catalogue.multi_az: production must survive",
    ),
    "a week of the cache": (
        {"data.cache.snapshot_retention_days": 7},
        "data.cache.snapshot_retention_days: production requires 15 days",
    ),
    "production switched off": (
        {"production": False},
        "data.backup.vault_lock_days: a vault lock requires production",
    ),
    "a lock that can be taken off": (
        {"data.backup.vault_lock_days": None},
        "data.backup.vault_lock_days: an administrator of the vault could delete its backups",
    ),
    "endpoints left out": (
        {"network.interface_endpoints": ["kms"]},
        "network.interface_endpoints: production requires every interface endpoint",
    ),
    "a public Kubernetes API": (
        {
            "kubernetes.endpoint": "public_and_private",
            "kubernetes.public_access_cidrs": ["0.0.0.0/0"],
        },
        "kubernetes.endpoint: the Kubernetes API of production must not be public.\n  Use private.",
    ),
    "images of Docker Hub from the Internet": (
        {"registry.docker_hub_credentials": None},
        "registry.docker_hub_credentials: images of docker.io would be pulled from the Internet",
    ),
    "images of GitHub from the Internet": (
        {"registry.github_credentials": None},
        "registry.github_credentials: images of ghcr.io",
    ),
    "a day of backups": (
        {"data.backup.retention_days": 1},
        "data.backup.retention_days: production requires 35 days.\n  Use 35 to 365.",
    ),
    "one cache replica": ({"data.cache.replicas": 1}, "data.cache.replicas"),
    "one Keycloak": (
        {"kubernetes.keycloak.replicas": 1},
        "kubernetes.keycloak.replicas: logins of production must survive the loss of a pod",
    ),
    "one broker": (
        {"kubernetes.redpanda.brokers": 1},
        "kubernetes.redpanda.brokers: production must keep events when a zone is lost",
    ),
    "two gateways": ({"kubernetes.kong.min_replicas": 2}, "kubernetes.kong.min_replicas"),
    "a topic with one replica": (
        {
            "kubernetes.redpanda.topics": {
                "events.plays": {
                    "replication": 1,
                    "producers": ["playback"],
                    "consumers": ["trends"],
                }
            }
        },
        (
            "kubernetes.redpanda.topics.events.plays.replication: "
            "1 does not survive the loss of a zone.\n"
            "  Use 3."
        ),
    ),
    "alarms without addresses": (
        {"observability.alarm_emails": []},
        "observability.alarm_emails: alarms would have no recipient",
    ),
    "two tasks": (
        {"services.trends.scaling": {"min": 2, "max": 9}},
        "services.trends.scaling.min: production runs a task in every zone",
    ),
}


@pytest.mark.parametrize("case", INVALID_IN_PRODUCTION)
def test_production_rejects_weak_settings(case: str) -> None:
    changes, expected = INVALID_IN_PRODUCTION[case]
    assert expected in message(changed(PROD, changes), name="prod")


def test_production_requires_documented_items() -> None:
    manual = (ROOT / "docs" / "deployment.md").read_text()
    rows = re.findall(r"^\| ([^|]*) \| [^|]*production requires", manual, flags=re.MULTILINE)
    keys = [key for row in rows for key in re.findall(r"`(\w+(?:\.\w+)+)`", row)]
    assert len(keys) >= len(rows) > 2
    for key in keys:
        document, (section, _, last) = deepcopy(_document(PROD)), key.partition(".")
        del document[section][last]
        assert f"{key}: " in message(json.dumps(document), name="prod")


EXPANDING = "a0: &a0 [1]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 12)
)
"""Aliases of aliases: 9^11 values from a few lines."""
NO_ENVIRONMENT = {
    EXPANDING: (
        "this is more than plain YAML: its aliases expand to more than 100000 values.\n  Remove"
    ),
    "[" * 1_500: (
        "this is not YAML: maximum depth of data structure exceeded (21) in line 1, column 21.\n"
        "  Correct the syntax."
    ),
    "a: [": (
        "file: this is not YAML: expected the node content, but found '<stream end>' in line 1, "
        "column 5.\n"
        "  Correct the syntax."
    ),
    "- a\n- b\n": "file: the content is no mapping of keys to values.\n  Write lines",
    "": "file: the content is no mapping",
    "name: dev\nname: prod\n": (
        'file: duplicate key "name" in line 2, column 1.\n  Remove the duplicate.'
    ),
    "\t:": "this is not YAML",
    "name: !!python/object:os.system x": "this is not YAML: could not determine a constructor",
    "name: !!binary aGk=": (
        "this is more than plain YAML: Object of type bytes is not JSON serializable.\n  Remove"
    ),
    "name: !!bool x": "this is not YAML: 'x' is not a valid bool in line 1, column 7",
    f"name: {'9' * 5000}": "is not a valid int in line 1, column 7",
    "? [a]\n: b": "this is more than plain YAML: keys must be str",
    'name: "\\ud800"': "surrogates not allowed",
    "name: &a [*a]": "this is more than plain YAML: Circular reference",
    "%YAML 1.9\n---\nname: dev": (
        "this is more than plain YAML: version minor part can only be 2 or 1, got (1, 9).\n"
        "  Remove directives"
    ),
}


@pytest.mark.parametrize("text", NO_ENVIRONMENT, ids=lambda text: repr(text[:20]))
def test_invalid_document_is_one_message(text: str) -> None:
    error = message(text)
    assert error.startswith("environments/dev.yaml: ")
    assert NO_ENVIRONMENT[text] in error


@pytest.mark.filterwarnings("error")
def test_aliases_and_merges_are_supported() -> None:
    text = DEV.replace("{multi_az: false}", "&small {multi_az: false}", 1).replace(
        "identity: {multi_az: false}", "identity: {<<: *small}"
    )
    text = text.replace("cidr: 10", "cidr: &small 10")
    assert text.count("small}") == 1
    assert parse(text, source=Path("environments/dev.yaml")) == parse(
        DEV, source=Path("environments/dev.yaml")
    )


def test_settings_report_all_mistakes() -> None:
    error = message(changed(DEV, {"nmae": "x", "services.trends.cpu": 300}))
    assert "nmae" in error
    assert "services.trends.cpu" in error


def loaded(folder: Path, name: str = "dev", **given: dict[str, Any]) -> Settings:
    """Load one of several environment files, given by their changes to `dev` or `prod`."""
    for file, changes in given.items():
        (folder / f"{file}.yaml").write_text(
            changed(PROD if file in ("prod", "live") else DEV, changes)
        )
    return load(name, folder=folder, today=TODAY)


SLACK = {"observability.alarm_slack": {"workspace": "T0123ABCD", "channel": "C0123ABCD"}}
LIVE = {"name": "live", "network.cidr": "10.99.0.0/16", "registry.account_scanning": False}
FAR = {"name": "far", "region": "ap-southeast-3", "zones": ["ap-southeast-3a", "ap-southeast-3b"]}
NOT_LOADED: dict[str, tuple[str, dict[str, dict[str, Any]], str]] = {
    "overlapping ranges": (
        "dev",
        {"dev": {}, "prod": {"network.cidr": "10.20.0.0/16"}},
        r"network.cidr: 10.20.0.0/16 overlaps 10.20.0.0/16 of prod",
    ),
    "a shared domain": (
        "live",
        {"live": LIVE, "prod": {}},
        r"domain.name: spotmusic.example belongs to prod.\n  Give each environment its own domain",
    ),
    "another file's name": ("lab", {"lab": {}}, r"name: dev is not the file's name"),
    "no such file": ("lab", {"dev": {}}, r"Choose one of dev \(-c env=NAME\), or write .+lab.yaml"),
    "a path": ("../lab", {"dev": {}}, r"no environment '../lab'.\n  Choose one of dev \(-c .+\)\."),
    "an engine without support": (
        "dev",
        {"dev": {"data.catalogue.version": "8.0.42"}},
        r"data.catalogue.version: standard support of MySQL 8.0.42 ended on 2026-07-31.\n  Use 8.4",
    ),
    "an unknown release of MySQL": (
        "dev",
        {"dev": {"data.catalogue.version": "8.4.99"}},
        r"data.catalogue.version: MySQL 8.4.99 is not a known release of RDS.\n  Use 8.4",
    ),
    "Kubernetes without kubectl": (
        "dev",
        {"dev": {"kubernetes.version": "1.30"}},
        r"kubernetes.version: 1.30 has no pinned kubectl layer",
    ),
    "scanning by two environments": (
        "dev",
        {"dev": {"account": "111122223333"}, "prod": {}},
        r"account_scanning: prod owns .*111122223333 in sa-east-1 as well.\n  Set it to false",
    ),
    "a Slack channel of two environments": (
        "dev",
        {"dev": {"account": "111122223333"} | SLACK, "prod": SLACK},
        r"alarm_slack: the channel already shows alarms of prod, which has .+\n  Give each",
    ),
    "an unknown prefix list": (
        "far",
        {"far": FAR},
        (
            r"edge.origin_prefix_list: the id of CloudFront's origin-facing prefix list in "
            r"ap-southeast-3 is unknown.\n"
            r".*aws ec2 describe-managed-prefix-lists --region ap-southeast-3"
        ),
    ),
}


@pytest.mark.parametrize("case", NOT_LOADED)
def test_load_compares_files_and_versions(tmp_path: Path, case: str) -> None:
    name, given, expected = NOT_LOADED[case]
    with pytest.raises(SettingsError, match=expected):
        loaded(tmp_path, name, **given)


def test_engine_is_supported_on_its_last_day(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        loaded(tmp_path, dev={"data.catalogue.version": "8.0.42"})
    assert load("dev", folder=tmp_path, today=date(2026, 7, 31)).data.catalogue.version == "8.0.42"


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        (
            "dev",
            {
                "region": "us-east-1",
                "zones": ["us-east-1a", "us-east-1b", "us-east-1e"],
                "edge.origin_prefix_list": "pl-12345678",
            },
            r"zones: us-east-1e: .*use1-az3.*\n  Compare .*\[us-east-1a, us-east-1b, us-east-1c\]",
        ),
        (
            "prod",
            {"observability.runbooks_url": None},
            "observability.runbooks_url: alarms of production end with a path",
        ),
        ("dev", {"kubernetes.version": "1.29"}, "EKS stopped creating 1.29 clusters on 2026-03-23"),
    ],
)
def test_load_warns_of_unwise_settings(
    tmp_path: Path, name: str, changes: dict[str, Any], expected: str
) -> None:
    with pytest.warns(SettingsWarning, match=expected):
        loaded(tmp_path, name, **{name: changes})


def test_clock_causes_warnings_only(tmp_path: Path) -> None:
    loaded(tmp_path, dev={})
    with pytest.warns(
        SettingsWarning,
        match=r"standard support of MySQL 8\.4\.\d+ ended on .*\n  Update the project",
    ):
        load("dev", folder=tmp_path, today=TODAY, clock=date(2040, 1, 1))


@pytest.mark.parametrize(
    ("day", "verb"), [(date(2026, 9, 4), "ends"), (date(2026, 12, 3), "ended")]
)
def test_expiring_kubernetes_version_warns(day: date, verb: str, tmp_path: Path) -> None:
    (tmp_path / "dev.yaml").write_text(changed(DEV, {"kubernetes.version": "1.34"}))
    with pytest.warns(
        SettingsWarning,
        match=f"standard support of 1.34 {verb} on 2026-12-02, after which EKS upgrades",
    ):
        load("dev", folder=tmp_path, today=day)


def test_supported_settings_do_not_warn(tmp_path: Path) -> None:
    own = {**FAR, "network.cidr": "10.99.0.0/16", "edge.origin_prefix_list": "pl-12345678"}
    with warnings.catch_warnings(action="error", category=SettingsWarning):
        assert loaded(tmp_path, dev={"kubernetes.version": "1.35"}).kubernetes.version == "1.35"
        assert loaded(tmp_path, "far", far=own).edge.origin_prefix_list == "pl-12345678"


@pytest.mark.parametrize("region", sorted(REGIONS))
def test_default_price_class_covers_regions(region: str) -> None:
    assert "all" in price_classes_of(region)
    assert ("200" in price_classes_of(region)) is not region.startswith(
        ("sa-", "ap-southeast-2", "ap-southeast-4", "ap-southeast-6")
    )


def test_application_without_environment_lists_choices(capsys: pytest.CaptureFixture[str]) -> None:
    from stacks import app

    gc.enable()  # The application disables the garbage collector.
    assert app.main(ROOT / "tests" / "environments") == 2
    expected = "Run `npx cdk synth -c env=NAME` with one of dev, prod, staging, or"
    assert expected in capsys.readouterr().err


def test_application_refuses_settings_without_traceback(tmp_path: Path) -> None:
    """Run app.py with an invalid environment file, as the CDK CLI does: without docstrings in
    memory.
    """
    (tmp_path / "app.py").write_text((ROOT / "app.py").read_text())
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "dev.yaml").write_text(
        changed(DEV, {"data.removal_policy": "destory"})
    )
    ended = subprocess.run(
        [sys.executable, "-OO", str(tmp_path / "app.py")],
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": "",
            "PYTHONPATH": f"{ROOT}:{ROOT / 'constructs'}",
            "CDK_CONTEXT_JSON": json.dumps({**feature_flags(), "env": "dev"}),
        },
    )
    assert ended.returncode == 2, ended.stderr
    assert re.search(
        r"^environments/dev.yaml: data.removal_policy: 'destory' is refused \(.+stack is deleted\)",
        ended.stderr,
        re.MULTILINE,
    )
    assert "Traceback" not in ended.stderr


def test_application_reports_refusal_of_construct(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from stacks import app

    gc.enable()  # The application disables the garbage collector.
    (tmp_path / "environments").mkdir()
    changes = {
        "region": "il-central-1",
        "zones": ["il-central-1a", "il-central-1b"],
        "edge.origin_prefix_list": "pl-12345678",
    }
    (tmp_path / "environments" / "dev.yaml").write_text(changed(DEV, changes))
    assert app.main(tmp_path / "environments", context={"env": "dev", "validation": False}) == 2
    assert (
        capsys.readouterr()
        .err.splitlines()[-1]
        .startswith("environments/dev.yaml: No RDS root certificates for il-central-1")
    )
