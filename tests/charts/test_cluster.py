"""References, connections, releases, pods and policies of a cluster.

Properties 95 to 105 apply most of these checks to the expected objects of upstream charts. Here
they also check rendered charts, if archives are available.
"""

from collections.abc import Callable, Iterator, Mapping

import pytest

from spotmusic_cdk import flows
from spotmusic_cdk.namespaces import namespaces
from tests.charts import connections, excused, order, pods, policies, references, transport
from tests.charts.references import pod_of
from tests.helm_values import REGISTRY
from tools.checkout import settings_of
from tools.model.cluster import RenderedCluster
from tools.model.values import Json

CHECKS: dict[Callable[[RenderedCluster], Iterator[str]], dict[str, str]] = {
    pods.unrestricted: excused.UNRESTRICTED,
    pods.writable: excused.WRITABLE,
    pods.unlimited: {},
    pods.unprobed: excused.UNPROBED,
    pods.hasty: {},
    pods.yielding: {},
    pods.on_the_host: excused.ON_THE_HOST,
    pods.tokens: excused.NEED_THE_API,
    pods.wide_rights: excused.WIDE,
    pods.open_services: {},
    pods.budgets: {},
    pods.crowded: {},
}


@pytest.fixture(scope="session")
def missing(platform: RenderedCluster) -> Mapping[str, set[str]]:
    return references.missing(platform)


@pytest.mark.parametrize("kind", list(references.MAKERS))
def test_references_lead_to_earlier_objects(missing: Mapping[str, set[str]], kind: str) -> None:
    assert sorted(missing.get(kind, ())) == []


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
def test_connections_lead_to_their_targets(
    platform: RenderedCluster, findings: Callable[[RenderedCluster], list[str]]
) -> None:
    assert findings(platform) == []


def test_tasks_read_existing_secrets_and_parameters(known: RenderedCluster) -> None:
    assert connections.task_findings(known) == []


def test_charts_create_expected_objects(known: RenderedCluster, whole: RenderedCluster) -> None:
    """Checks without archives rely on these objects."""
    there = {(kind, *rest) for kind, *rest in references.made(whole)}
    believed = {
        (kind, *rest)
        for kind, *rest in references.made(known)
        if kind in {"Secret", "Service", "ServiceAccount"}
    }
    assert sorted(believed - there) == []


def test_charts_create_expected_pods(known: RenderedCluster, whole: RenderedCluster) -> None:
    """Containers, images, rights, limits and placement of each pod."""
    believed, there = foreign_pods(known), foreign_pods(whole)
    assert believed.keys() == there.keys()
    for name, traits in believed.items():
        assert {trait: there[name].get(trait) for trait in traits} == traits, name


def foreign_pods(platform: RenderedCluster) -> dict[str, dict[str, object]]:
    """Return traits of pods of upstream charts by kind and name of the workload."""
    accounts = pods.accounts(platform)
    return {
        f"{workload['kind']} {pods.where_of(workload)}": {
            **dict(traits(workload)),
            "token": pods.holds_a_token(workload, accounts),
        }
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
    if (
        "replicas" in workload["spec"] and workload["metadata"]["name"] != "kong"
        # The autoscaler sets the replicas of Kong.
    ):
        yield "replicas", workload["spec"]["replicas"]
    yield from ((f"pod {key}", value) for key, value in (pod.get("securityContext") or {}).items())
    yield from ((f"label {key}", value) for key, value in connections.labels_of(workload).items())
    for container in containers:
        name = container["name"]
        yield f"{name} is ready", bool(container.get("readinessProbe"))
        yield from ((f"{name} {key}", container[key]) for key in ("image", "resources"))
        yield from ((f"{name} {key}", value) for key, value in container["securityContext"].items())


def test_certificates_name_their_servers(whole: RenderedCluster) -> None:
    assert transport.findings(whole) == []


def test_rendered_releases_follow_the_rules(whole: RenderedCluster) -> None:
    assert order.rule_findings(whole) == []


def test_releases_follow_their_dependencies(platform: RenderedCluster) -> None:
    assert order.findings(platform) == []


def test_ordered_charts_are_all_deployed(known: RenderedCluster) -> None:
    """An order of charts without a release would check nothing."""
    assert order.NEEDS.keys() <= {release.chart for release in known.releases.values()}


def test_objects_belong_to_one_release(platform: RenderedCluster) -> None:
    assert order.shared(platform) == []


def test_waiting_releases_have_sufficient_timeouts(known: RenderedCluster) -> None:
    """A StatefulSet starts its pods one by one, each possibly on a new node."""
    for release in known.releases.values():
        if release.properties.get("Wait") and any(
            m["kind"] == "RabbitmqCluster" for m in known.manifests[release.name]
        ):
            assert int(release.properties["Timeout"].removesuffix("s")) >= 600


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_rendered_pods_keep_the_rules(
    whole: RenderedCluster, check: Callable[[RenderedCluster], Iterator[str]]
) -> None:
    assert pods.unexcused(check(whole), CHECKS[check]) == []


def test_images_are_exact_and_cached(whole: RenderedCluster) -> None:
    ours = tuple(f"{host}/" for host in (REGISTRY, *uncached(whole.environment)))
    images = {container["image"] for _, _, container in pods.containers(whole)}
    assert [
        image for image in images if not (pods.is_exact(image) and image.startswith(ours))
    ] == []


def uncached(environment: str) -> list[str]:
    """Return registries without credentials in the environment. Synthesis warns of each."""
    registry = settings_of(environment).registry
    given = {"docker.io": registry.docker_hub_credentials, "ghcr.io": registry.github_credentials}
    return [host for host, credentials in given.items() if credentials is None]


def test_objects_use_declared_namespaces(whole: RenderedCluster) -> None:
    """The release `ground` is in `kube-system`, which Kubernetes creates."""
    placed = {
        manifest["metadata"].get("namespace", "kube-system") for _, manifest in whole.everything()
    }
    assert placed <= {*pods.namespaces(whole), "kube-system"}


def test_policy_parties_match_running_pods(platform: RenderedCluster) -> None:
    """A policy with unknown labels would admit no traffic."""
    running = [
        (workload["metadata"].get("namespace"), connections.labels_of(workload))
        for _, workload in connections.workloads(platform)
    ]
    missing = [
        party
        for name, namespace in namespaces(settings_of(platform.environment)).items()
        for party, labels in namespace.parties.items()
        if not any(place == name and labels.items() <= there.items() for place, there in running)
    ]
    assert missing == []


def test_prometheus_reaches_scraped_ports_only(platform: RenderedCluster) -> None:
    """An unused entry of METRICS would be an open port."""
    scraped: dict[str, set[int]] = {party: set() for party in flows.METRICS}
    parties = {
        namespace: party
        for (namespace, _), party in policies.homes(settings_of(platform.environment)).items()
    }
    for namespace, port in connections.scraped_ports(platform):
        if parties.get(namespace, flows.NODES) in scraped:
            scraped[parties.get(namespace, flows.NODES)].add(port)
    for party, ports in flows.METRICS.items():
        assert scraped[party] <= set(ports), (
            f"monitors scrape {party} on {scraped[party] - set(ports)}, which no flow allows"
        )
        if platform.whole and party != flows.NODES:
            assert set(ports) <= scraped[party], (
                f"no monitor scrapes {party} on {set(ports) - scraped[party]}"
            )


def test_broker_admin_api_admits_prometheus_only(known: RenderedCluster) -> None:
    admin = [
        edge
        for edge in policies.allowed(known, settings_of(known.environment))
        if edge[3] <= 9644 <= edge[4]
    ]
    assert {edge[:3] for edge in admin} == {
        ("monitoring egress", "prometheus", "redpanda"),
        ("redpanda ingress", "redpanda", "prometheus"),
    }


def test_upstream_charts_create_no_network_policies(whole: RenderedCluster) -> None:
    """Policies of upstream charts admit every client to the ports of the chart."""
    assert {release for release, _ in whole.of_kind("NetworkPolicy")} == {"ground"}
