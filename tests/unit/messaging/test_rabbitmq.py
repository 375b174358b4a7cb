import json
from typing import Any

import aws_cdk as cdk
import pytest
import yaml

from spotmusic_constructs.kubernetes.helm_release import LocalChart
from spotmusic_constructs.messaging.rabbitmq import RabbitMQ
from tests.conftest import ROOT, new_stack
from tests.helm_values import arn_of, cluster_in, releases, secret_in
from tests.model.values import Json

CHART = ROOT / "charts" / "rabbitmq"
IMAGE = "registry.example.com/rabbitmq:4.3.5-management"


def rabbitmq_in(stack: cdk.Stack, **changes: Any) -> RabbitMQ:
    arguments: Json = {
        "cluster": cluster_in(stack),
        "chart": LocalChart(path=CHART),
        "image": IMAGE,
        "default_user": secret_in(stack, "operator"),
        "users": {name: secret_in(stack, name) for name in ("web-api", "notifications")},
        "host": "brokers.internal.spotmusic.example",
    }
    return RabbitMQ(stack, "RabbitMQ", **{**arguments, **changes})


@pytest.fixture(scope="module")
def stack() -> cdk.Stack:
    return new_stack()


@pytest.fixture(scope="module")
def rabbitmq(stack: cdk.Stack) -> RabbitMQ:
    return rabbitmq_in(stack, monitor=secret_in(stack, "monitor"), memory_gib=8, storage_gib=50)


@pytest.fixture(scope="module")
def release(stack: cdk.Stack, rabbitmq: RabbitMQ) -> Json:
    assert rabbitmq
    return releases(stack)["rabbitmq"]


@pytest.fixture(scope="module")
def values(release: Json) -> Json:
    return dict(release["Values"])


def test_rabbitmq_release_is_not_rolled_back(release: Json) -> None:
    assert not release.get("Atomic")


def test_rabbitmq_release_waits(release: Json) -> None:
    assert release["Wait"] is True
    assert release["Timeout"] == "720s"


def test_rabbitmq_nodes_have_own_zones_and_hosts(values: Json) -> None:
    assert values["replicas"] == 3
    (rule,) = values["topologySpreadConstraints"]
    assert (rule["topologyKey"], rule["whenUnsatisfiable"]) == ("topology.kubernetes.io/zone", "DoNotSchedule")
    assert "requiredDuringSchedulingIgnoredDuringExecution" in values["affinity"]["podAntiAffinity"]
    assert values["nodeSelector"] == {"karpenter.sh/nodepool": "brokers"}


def test_rabbitmq_sizes_are_configurable(values: Json) -> None:
    assert values["storage"] == {"class": "gp3", "size": "50Gi"}
    assert values["resources"]["limits"]["memory"] == "8Gi"


def test_rabbitmq_users_have_secrets(rabbitmq: RabbitMQ, values: Json) -> None:
    made = {secret.name for secret in rabbitmq.external_secrets}
    assert set(rabbitmq.user_secrets) == {"web-api", "notifications"}
    assert {*rabbitmq.user_secrets.values(), rabbitmq.monitor_secret, values["defaultUserSecret"]} == made


def test_user_secrets_have_topology_operator_label(rabbitmq: RabbitMQ) -> None:
    """The webhook denies users without this label on their Secret.

    The operator also requires the label to update a changed password.
    """
    users = [secret for secret in rabbitmq.external_secrets if secret.name != "rabbitmq-default-user"]
    assert {secret.labels.get("rabbitmq.com/topology-operator") for secret in users} == {"true"}


def test_rabbitmq_without_monitor_has_no_secret() -> None:
    rabbitmq = rabbitmq_in(new_stack())
    assert rabbitmq.monitor_secret is None
    assert not [secret.name for secret in rabbitmq.external_secrets if "queue-depth" in secret.name]


def test_administrator_secret_has_operator_format(rabbitmq: RabbitMQ) -> None:
    administrator = next(secret for secret in rabbitmq.external_secrets if secret.name == "rabbitmq-default-user")
    assert administrator.keys == {"username", "password", "default_user.conf", "host", "port", "provider", "type"}
    assert administrator.template["default_user.conf"] == "default_user = {{ .username }}\ndefault_pass = {{ .password }}\n"
    assert administrator.fields["password"].secret_arn == arn_of("operator")


def test_rabbitmq_certificate_names_all_endpoints(rabbitmq: RabbitMQ, values: Json) -> None:
    (certificate,) = rabbitmq.certificates
    assert values["tlsSecret"] == certificate.name
    assert set(certificate.dns_names) >= {
        "rabbitmq.rabbitmq.svc",
        "*.rabbitmq-nodes.rabbitmq.svc.cluster.local",
        "brokers.internal.spotmusic.example",
    }


def test_rabbitmq_values_match_chart_schema(values: Json) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema checks values against the schema of the chart")
    schema = json.loads((CHART / "values.schema.json").read_text())
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    assert list(jsonschema.Draft202012Validator(schema).iter_errors({**defaults, **values})) == []
