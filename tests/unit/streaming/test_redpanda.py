"""Redpanda's values; P-100, P-103 and P-104 decide restrictions, placement and TLS of its pods."""

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
import pytest

from spotmusic_cdk import versions
from spotmusic_constructs.streaming.redpanda import Redpanda
from tests.conftest import new_stack
from tests.helm_values import Images, arn_of, cluster_in, secret_in, values_of
from tests.own_schemas import problems
from tools.model.values import Json

HOST = "brokers.internal.spotmusic.example"


def redpanda_in(
    stack: cdk.Stack, users: Sequence[str] = ("web-api", "trends"), **changes: Any
) -> Redpanda:
    return Redpanda(
        stack,
        "Redpanda",
        cluster=cluster_in(stack),
        chart=versions.REDPANDA,
        images=Images(),
        admin=secret_in(stack, "admin"),
        users={name: secret_in(stack, name) for name in users},
        host=HOST,
        **changes,
    )


@pytest.fixture(scope="module")
def redpanda() -> Redpanda:
    return redpanda_in(new_stack(), brokers=5, cpu=4, memory_gib=16, storage_gib=500)


@pytest.fixture(scope="module")
def values(redpanda: Redpanda) -> Json:
    return values_of(cdk.Stack.of(redpanda), "redpanda")


def test_brokers_are_configurable(values: Json) -> None:
    spec = values["statefulset"]["podTemplate"]["spec"]
    assert spec["nodeSelector"] == {"karpenter.sh/nodepool": "brokers"}
    assert spec["tolerations"][0]["value"] == "brokers"
    assert values["storage"]["persistentVolume"] == {
        "enabled": True,
        "size": "500Gi",
        "storageClass": "gp3",
    }
    assert values["resources"] == {
        "requests": {"cpu": "4", "memory": "16Gi"},
        "limits": {"cpu": "4", "memory": "16Gi"},
    }


def test_redpanda_advertises_port_per_broker(values: Json) -> None:
    listener = values["listeners"]["kafka"]["external"]["default"]
    assert values["external"]["addresses"] == [HOST]
    assert listener["port"] == 9094
    assert listener["advertisedPorts"] == [9100, 9101, 9102, 9103, 9104]


def test_redpanda_opens_no_other_external_listener(values: Json) -> None:
    assert values["external"]["service"] == {"enabled": False}
    for listener in ("admin", "http"):
        assert values["listeners"][listener]["external"]["default"] == {"enabled": False}
    assert values["listeners"]["http"]["enabled"] is False
    assert values["console"]["enabled"] is False


def test_redpanda_adds_no_privileged_container(values: Json) -> None:
    """By default, the chart tunes the node's kernel in a privileged container."""
    assert values["tuning"] == {"tune_aio_events": False}


def test_redpanda_uses_no_enterprise_features(values: Json) -> None:
    assert values["storage"]["tiered"]["config"]["cloud_storage_enabled"] is False
    assert "enterprise" not in values


def test_external_certificate_names_client_host(redpanda: Redpanda, values: Json) -> None:
    (certificate,) = redpanda.certificates
    assert certificate.dns_names == (HOST,)
    assert values["tls"]["certs"]["external"]["secretRef"] == {"name": certificate.name}


def test_redpanda_users_come_from_secrets(redpanda: Redpanda, values: Json) -> None:
    users = next(
        secret
        for secret in redpanda.external_secrets
        if secret.name == values["auth"]["sasl"]["secretRef"]
    )
    assert users.template == {
        "users.txt": "web-api:{{ .web_api }}:SCRAM-SHA-512\ntrends:{{ .trends }}:SCRAM-SHA-512\n"
    }
    assert users.fields["web_api"].secret_arn == arn_of("web-api")


def test_redpanda_without_users_has_a_source() -> None:
    """The chart of External Secrets' resources refuses one without, and so does the operator."""
    redpanda = redpanda_in(new_stack(), users=())
    (users,) = (secret for secret in redpanda.external_secrets if secret.template)
    assert users.template == {"users.txt": "\n"}
    assert [field.secret_arn for field in users.fields.values()] == [arn_of("admin")]


def test_redpanda_properties_match_schema(values: Json) -> None:
    assert problems("redpanda", values["config"]["cluster"]) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"auto_create_topic_enabled": False}, "'auto_create_topic_enabled' was unexpected"),
        (
            {"auto_create_topics_enabled": True},
            "auto_create_topics_enabled: A misspelt name would become a topic",
        ),
        ({"default_topic_replications": 1}, "default_topic_replications: Redpanda's own topics"),
        (
            {"enable_consumer_group_metrics": ["group"]},
            "enable_consumer_group_metrics: Add consumer_lag",
        ),
        (
            {"partition_autobalancing_mode": "continuous"},
            "partition_autobalancing_mode: continuous is of the Enterprise edition",
        ),
    ],
)
def test_redpanda_schema_names_invalid_property(values: Json, change: Json, expected: str) -> None:
    (problem,) = problems("redpanda", values["config"]["cluster"] | change)
    assert expected in problem


def test_redpanda_metrics_use_verified_tls(values: Json) -> None:
    assert values["monitoring"]["enabled"] is True
    assert values["monitoring"]["tlsConfig"]["ca"]["secret"] == {
        "name": "redpanda-default-cert",
        "key": "ca.crt",
    }


@pytest.mark.parametrize("brokers", [2, 4])
def test_redpanda_rejects_even_broker_count(brokers: int) -> None:
    with pytest.raises(ValueError, match="quorum"):
        redpanda_in(new_stack(), brokers=brokers)


def test_redpanda_rejects_too_little_memory() -> None:
    with pytest.raises(ValueError, match="2 GiB per core"):
        redpanda_in(new_stack(), cpu=4, memory_gib=4)
