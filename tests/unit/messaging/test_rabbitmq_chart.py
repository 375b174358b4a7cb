"""Chart of the RabbitMQ cluster, rendered by the deploying Helm with the construct's values."""

import pytest

from spotmusic_constructs.kubernetes.helm_release import LocalChart
from spotmusic_constructs.messaging.rabbitmq import RabbitMQ
from tests.conftest import ROOT, new_stack
from tests.helm_values import cluster_in, render, resource_errors, secret_in, values_of
from tests.model.values import Json
from tests.own_schemas import problems

CHART = ROOT / "charts" / "rabbitmq"


@pytest.fixture(scope="module")
def values() -> Json:
    stack = new_stack()
    RabbitMQ(
        stack,
        "RabbitMQ",
        cluster=cluster_in(stack),
        chart=LocalChart(path=CHART),
        image="registry.example.com/rabbitmq:4.3.5-management",
        default_user=secret_in(stack, "operator"),
        users={name: secret_in(stack, name) for name in ("web-api", "notifications")},
        monitor=secret_in(stack, "monitor"),
        host="brokers.internal.spotmusic.example",
    )
    return values_of(stack, "rabbitmq")


@pytest.fixture(scope="module")
def manifests(values: Json) -> list[Json]:
    return render(CHART, "rabbitmq", "rabbitmq", values)


@pytest.fixture(scope="module")
def spec(manifests: list[Json]) -> Json:
    return named(manifests, "RabbitmqCluster", "rabbitmq")


def named(manifests: list[Json], kind: str, name: str) -> Json:
    return next(dict(item["spec"]) for item in manifests if (item["kind"], item["metadata"]["name"]) == (kind, name))


def test_rabbitmq_cluster_has_tls_listeners_only(spec: Json) -> None:
    assert spec["replicas"] == 3
    assert spec["tls"] == {"secretName": "rabbitmq-tls", "disableNonTLSListeners": True}
    assert spec["service"] == {"type": "ClusterIP"}


def test_rabbitmq_configuration_has_no_obsolete_keys(spec: Json) -> None:
    """RabbitMQ 4.3 accepts settings of earlier releases without effect.

    It stores everything with Raft, which stops in a minority.
    """
    assert "cluster_partition_handling" not in spec["rabbitmq"]["additionalConfig"]
    assert "ha-mode" not in str(spec)


def test_rabbitmq_endpoints_have_own_labels(manifests: list[Json]) -> None:
    """Prometheus stores two endpoints of one port as one series `up`.

    The second sample overwrites the first.
    """
    monitor = named(manifests, "ServiceMonitor", "rabbitmq")
    assert len(monitor["endpoints"]) == 2
    for endpoint in monitor["endpoints"]:
        assert {"sourceLabels": ["__metrics_path__"], "targetLabel": "metrics_path"} in endpoint["relabelings"]


def configuration(spec: Json) -> Json:
    lines = [line.partition(" = ") for line in spec["rabbitmq"]["additionalConfig"].splitlines()]
    assert len({key for key, _, _ in lines}) == len(lines)
    return {key: value for key, _, value in lines}


def test_rabbitmq_configuration_matches_schema(spec: Json) -> None:
    assert problems("rabbitmq", configuration(spec)) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"queue_leader_locatr": "balanced"}, "'queue_leader_locatr' was unexpected"),
        ({"default_queue_type": "classic"}, "default_queue_type: Only a quorum queue is on three nodes"),
        ({"ssl_options.versions.2": "tlsv1.1"}, "ssl_options.versions.2: TLS before 1.2 is broken"),
    ],
)
def test_rabbitmq_schema_names_invalid_key(spec: Json, change: Json, expected: str) -> None:
    (problem,) = problems("rabbitmq", configuration(spec) | change)
    assert expected in problem


def test_rabbitmq_administrator_comes_from_secret(spec: Json) -> None:
    assert spec["secretBackend"]["externalSecret"] == {"name": "rabbitmq-default-user"}


def test_rabbitmq_node_has_termination_grace_period(spec: Json) -> None:
    assert spec["terminationGracePeriodSeconds"] == 900


def test_rabbitmq_containers_are_restricted(spec: Json) -> None:
    pod = spec["override"]["statefulSet"]["spec"]["template"]["spec"]
    for container in [*pod["containers"], *pod["initContainers"]]:
        security = container["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}


def test_rabbitmq_disruption_budget_allows_one_node(manifests: list[Json]) -> None:
    budget = named(manifests, "PodDisruptionBudget", "rabbitmq")
    assert budget == {"maxUnavailable": 1, "selector": {"matchLabels": {"app.kubernetes.io/name": "rabbitmq"}}}


def test_readiness_job_waits_for_every_node(values: Json) -> None:
    job = next(item for item in render(CHART, "rabbitmq", "rabbitmq", {**values, "replicas": 5}) if item["kind"] == "Job")
    pod = job["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "post-install,post-upgrade"
    assert all(f"rabbitmq-server-{node}" in container["args"][0] for node in range(5))
    assert "rabbitmq-nodes.rabbitmq.svc/15671" in container["args"][0]
    # The disruption budget and the Services must not select the pod of the job.
    assert pod["metadata"]["labels"]["app.kubernetes.io/name"] == "rabbitmq-ready"


def test_readiness_job_ends_before_helm_timeout(values: Json) -> None:
    with pytest.raises(ValueError, match="readyWithin"):
        render(CHART, "rabbitmq", "rabbitmq", values | {"readyWithin": 900})


def test_readiness_job_meets_restricted_pod_security(manifests: list[Json]) -> None:
    pod = named(manifests, "Job", "rabbitmq-ready")["template"]["spec"]
    (container,) = pod["containers"]
    security = container["securityContext"]
    assert pod["automountServiceAccountToken"] is False
    assert security["runAsNonRoot"] is security["readOnlyRootFilesystem"] is True
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}


def test_rabbitmq_metrics_use_verified_tls(manifests: list[Json]) -> None:
    for endpoint in named(manifests, "ServiceMonitor", "rabbitmq")["endpoints"]:
        assert (endpoint["port"], endpoint["scheme"]) == ("prometheus-tls", "https")
        assert endpoint["tlsConfig"]["ca"]["secret"] == {"name": "rabbitmq-tls", "key": "ca.crt"}


@pytest.mark.parametrize(
    "change", [{"image": "rabbitmq:latest"}, {"image": "registry.example.com/rabbitmq:latest"}, {"replicas": 2}, {"replica": 3}]
)
def test_rabbitmq_chart_rejects_unsafe_values(values: Json, change: Json) -> None:
    with pytest.raises(ValueError, match="schema"):
        render(CHART, "rabbitmq", "rabbitmq", values | change)


def test_rabbitmq_resources_match_crds(manifests: list[Json]) -> None:
    assert resource_errors(manifests) == []
