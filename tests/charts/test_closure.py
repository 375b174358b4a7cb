"""References and connections between objects of the cluster."""

from collections.abc import Callable, Iterator

import pytest

from tests.charts import connections, pods, references
from tests.charts.references import pod_of
from tests.model.cluster import RenderedCluster
from tests.model.values import Json


@pytest.mark.parametrize("kind", list(references.MAKERS))
def test_references_lead_to_earlier_objects(platform: RenderedCluster, kind: str) -> None:
    assert references.missing(platform, kind) == []


def test_reference_search_finds_known_uses(deployed: Callable[[str], RenderedCluster]) -> None:
    """A search without results would pass every check."""
    found = {(use.kind, use.name) for use in references.uses(deployed("prod"))}
    assert {
        ("Secret", "kong-redis"),
        ("Secret", "rabbitmq-default-user"),
        ("Secret", "redpanda-users"),
        ("Secret", "keycloak-tls"),
        ("Secret", "grafana"),
        ("ConfigMap", "rds-ca"),
        ("ClusterIssuer", "spotmusic-internal-ca"),
        ("StorageClass", "gp3"),
        ("PriorityClass", "spotmusic-stateful"),
        ("NodePool", "brokers"),
    } <= found
    assert {use.kind for use in references.uses(deployed("prod"))} == set(references.MAKERS)


@pytest.mark.parametrize(
    "findings",
    [
        connections.service_findings,
        connections.target_group_findings,
        connections.host_findings,
        connections.identity_findings,
        connections.external_secret_findings,
        connections.unread_secret_findings,
        connections.monitor_findings,
    ],
    ids=lambda findings: findings.__name__,
)
def test_connections_lead_to_their_targets(platform: RenderedCluster, findings: Callable[[RenderedCluster], list[str]]) -> None:
    assert findings(platform) == []


def test_tasks_read_existing_secrets_and_parameters(deployed: Callable[[str], RenderedCluster], environment: str) -> None:
    assert connections.task_findings(deployed(environment)) == []


def test_charts_create_expected_objects(
    deployed: Callable[[str], RenderedCluster], rendered: Callable[[str], RenderedCluster], environment: str
) -> None:
    """Checks without archives rely on these objects."""
    there = {(kind, *rest) for kind, *rest in references.made(rendered(environment))}
    believed = {(kind, *rest) for kind, *rest in references.made(deployed(environment)) if kind in {"Secret", "Service", "ServiceAccount"}}
    assert sorted(believed - there) == []


def test_charts_create_expected_pods(
    deployed: Callable[[str], RenderedCluster], rendered: Callable[[str], RenderedCluster], environment: str
) -> None:
    """Containers, images, rights, limits and placement of each pod."""
    believed, there = foreign_pods(deployed(environment)), foreign_pods(rendered(environment))
    assert believed.keys() == there.keys()
    for name, traits in believed.items():
        assert {trait: there[name].get(trait) for trait in traits} == traits, name


def foreign_pods(platform: RenderedCluster) -> dict[str, dict[str, object]]:
    """Return traits of pods of upstream charts by kind and name of the workload."""
    accounts = pods.accounts(platform)
    return {
        f"{workload['kind']} {pods.where_of(workload)}": {**dict(traits(workload)), "token": pods.holds_a_token(workload, accounts)}
        for release, workload in connections.workloads(platform)
        if not platform.releases[release].folder
    }


def traits(workload: Json) -> Iterator[tuple[str, object]]:
    pod = pod_of(workload) or {}
    containers = [*pod["containers"], *(pod.get("initContainers") or [])]
    yield "containers", sorted(container["name"] for container in containers)
    for key in ("serviceAccountName", "hostNetwork", "hostPID", "topologySpreadConstraints"):
        yield key, pod.get(key) or None
    for term in pods.apart_terms(pod):
        yield f"apart on {term['topologyKey']}", True
    if "replicas" in workload["spec"] and workload["metadata"]["name"] != "kong":  # Kong's are the autoscaler's
        yield "replicas", workload["spec"]["replicas"]
    yield from ((f"pod {key}", value) for key, value in (pod.get("securityContext") or {}).items())
    yield from ((f"label {key}", value) for key, value in connections.labels_of(workload).items())
    for container in containers:
        name = container["name"]
        yield f"{name} is ready", bool(container.get("readinessProbe"))
        yield from ((f"{name} {key}", container[key]) for key in ("image", "resources"))
        yield from ((f"{name} {key}", value) for key, value in container["securityContext"].items())
