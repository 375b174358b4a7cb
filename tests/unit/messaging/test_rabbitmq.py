"""RabbitMQ's values, and its chart rendered by the Helm that deploys it.

P-100, P-103 and P-104 decide restrictions, placement and TLS of the pods.
"""

from typing import Any

import aws_cdk as cdk
import pytest

from spotmusic_constructs.kubernetes.helm_release import LocalChart
from spotmusic_constructs.messaging.rabbitmq import RabbitMQ
from tests.conftest import new_stack
from tests.helm_values import arn_of, cluster_in, secret_in, values_of
from tests.own_schemas import problems
from tools.checkout import ROOT
from tools.model.helm import render
from tools.model.values import Json

CHART = ROOT / "charts" / "rabbitmq"


def rabbitmq_in(stack: cdk.Stack, **changes: Any) -> RabbitMQ:
    return RabbitMQ(
        stack,
        "RabbitMQ",
        cluster=cluster_in(stack),
        chart=LocalChart(path=CHART),
        rabbitmq_image="registry.example.com/rabbitmq:4.3.5-management",
        default_user=secret_in(stack, "operator"),
        users={name: secret_in(stack, name) for name in ("web-api", "notifications")},
        host="brokers.internal.spotmusic.example",
        **changes,
    )


@pytest.fixture(scope="module")
def rabbitmq() -> RabbitMQ:
    stack = new_stack()
    return rabbitmq_in(stack, monitor=secret_in(stack, "monitor"), memory_gib=8, storage_gib=50)


@pytest.fixture(scope="module")
def values(rabbitmq: RabbitMQ) -> Json:
    return values_of(cdk.Stack.of(rabbitmq), "rabbitmq")


@pytest.fixture(scope="module")
def manifests(values: Json) -> list[Json]:
    return render(CHART, "rabbitmq", "rabbitmq", values)


def spec_of(manifests: list[Json], kind: str) -> Json:
    return next(dict(manifest["spec"]) for manifest in manifests if manifest["kind"] == kind)


@pytest.fixture(scope="module")
def spec(manifests: list[Json]) -> Json:
    return spec_of(manifests, "RabbitmqCluster")


def test_rabbitmq_nodes_are_configurable(values: Json) -> None:
    assert values["replicas"] == 3
    assert values["nodeSelector"] == {"karpenter.sh/nodepool": "brokers"}
    assert values["storage"] == {"class": "gp3", "size": "50Gi"}
    assert values["resources"]["limits"]["memory"] == "8Gi"


def test_rabbitmq_enables_new_feature_flags(spec: Json) -> None:
    """A later version does not start on a node without a required flag."""
    assert spec["autoEnableAllFeatureFlags"] is True


def test_user_secrets_have_topology_operator_label(rabbitmq: RabbitMQ) -> None:
    """The webhook denies users without this label on their Secret.

    The operator also requires the label to update a changed password.
    """
    users = [
        secret for secret in rabbitmq.external_secrets if secret.name != "rabbitmq-default-user"
    ]
    assert {secret.name for secret in users} == {
        *rabbitmq.user_secrets.values(),
        rabbitmq.monitor_secret,
    }
    assert {secret.labels.get("rabbitmq.com/topology-operator") for secret in users} == {"true"}


def test_rabbitmq_without_monitor_has_no_secret() -> None:
    rabbitmq = rabbitmq_in(new_stack())
    assert rabbitmq.monitor_secret is None
    assert not [secret.name for secret in rabbitmq.external_secrets if "queue-depth" in secret.name]


def test_administrator_secret_has_operator_format(rabbitmq: RabbitMQ, spec: Json) -> None:
    administrator = next(
        secret for secret in rabbitmq.external_secrets if secret.name == "rabbitmq-default-user"
    )
    assert administrator.keys == {
        "username",
        "password",
        "default_user.conf",
        "host",
        "port",
        "provider",
        "type",
    }
    found = administrator.template["default_user.conf"]
    assert found == "default_user = {{ .username }}\ndefault_pass = {{ .password }}\n"
    assert administrator.fields["password"].secret_arn == arn_of("operator")
    assert spec["secretBackend"]["externalSecret"] == {"name": administrator.name}


def test_rabbitmq_certificate_names_all_endpoints(rabbitmq: RabbitMQ) -> None:
    (certificate,) = rabbitmq.certificates
    assert set(certificate.dns_names) >= {
        "rabbitmq.rabbitmq.svc",
        "*.rabbitmq-nodes.rabbitmq.svc.cluster.local",
        "brokers.internal.spotmusic.example",
    }


def test_rabbitmq_metrics_have_labels_and_tls(manifests: list[Json]) -> None:
    """Prometheus stores two endpoints of one port as one series `up`.

    The second sample overwrites the first.
    """
    endpoints = spec_of(manifests, "ServiceMonitor")["endpoints"]
    assert len(endpoints) == 2
    for endpoint in endpoints:
        assert {"sourceLabels": ["__metrics_path__"], "targetLabel": "metrics_path"} in endpoint[
            "relabelings"
        ]
        assert (endpoint["port"], endpoint["scheme"]) == ("prometheus-tls", "https")
        assert endpoint["tlsConfig"]["ca"]["secret"] == {"name": "rabbitmq-tls", "key": "ca.crt"}


def configuration(spec: Json) -> Json:
    lines = [line.partition(" = ") for line in spec["rabbitmq"]["additionalConfig"].splitlines()]
    assert len({key for key, _, _ in lines}) == len(lines)
    return {key: value for key, _, value in lines}


def test_rabbitmq_configuration_matches_schema(spec: Json) -> None:
    """RabbitMQ 4.3 accepts settings of earlier releases without effect."""
    assert problems("rabbitmq", configuration(spec)) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"queue_leader_locatr": "balanced"}, "'queue_leader_locatr' was unexpected"),
        (
            {"default_queue_type": "classic"},
            "default_queue_type: Only a quorum queue is on three nodes",
        ),
        ({"ssl_options.versions.2": "tlsv1.1"}, "ssl_options.versions.2: TLS before 1.2 is broken"),
    ],
)
def test_rabbitmq_schema_names_invalid_key(spec: Json, change: Json, expected: str) -> None:
    (problem,) = problems("rabbitmq", configuration(spec) | change)
    assert expected in problem


def test_rabbitmq_node_has_termination_grace_period(spec: Json) -> None:
    assert spec["terminationGracePeriodSeconds"] == 900


def test_readiness_job_waits_for_every_node(values: Json) -> None:
    job = next(
        item
        for item in render(CHART, "rabbitmq", "rabbitmq", {**values, "replicas": 5})
        if item["kind"] == "Job"
    )
    pod = job["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "post-install,post-upgrade"
    assert all(f"rabbitmq-server-{node}" in container["args"][0] for node in range(5))
    assert "rabbitmq-nodes.rabbitmq.svc/15671" in container["args"][0]
    # The disruption budget and the Services must not select the pod of the job.
    assert pod["metadata"]["labels"]["app.kubernetes.io/name"] == "rabbitmq-ready"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"readyWithin": 900}, "readyWithin"),
        ({"image": "rabbitmq:latest"}, "schema"),
        ({"image": "registry.example.com/rabbitmq:latest"}, "schema"),
        ({"replicas": 2}, "schema"),
        ({"replica": 3}, "schema"),
    ],
)
def test_rabbitmq_chart_rejects_unsafe_values(values: Json, change: Json, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        render(CHART, "rabbitmq", "rabbitmq", values | change)
