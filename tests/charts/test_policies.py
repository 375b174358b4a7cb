"""Pods and ports of NetworkPolicies. Property 98 compares the policies with the table of flows."""

from collections.abc import Callable

from spotmusic_cdk import flows
from spotmusic_cdk.namespaces import namespaces
from tests.charts import connections, policies
from tests.conftest import settings_of
from tests.model.cluster import RenderedCluster


def test_policy_parties_match_running_pods(platform: RenderedCluster) -> None:
    """A policy with unknown labels admits no traffic."""
    running = [(workload["metadata"].get("namespace"), connections.labels_of(workload)) for _, workload in connections.workloads(platform)]
    missing = [
        party
        for name, namespace in namespaces(settings_of(platform.environment)).items()
        for party, labels in namespace.parties.items()
        if not any(place == name and labels.items() <= there.items() for place, there in running)
    ]
    assert missing == []


def test_prometheus_reaches_scraped_ports_only(platform: RenderedCluster) -> None:
    """An unused entry of METRICS is an open port."""
    scraped: dict[str, set[int]] = {party: set() for party in flows.METRICS}
    parties = {namespace: party for (namespace, _), party in policies.homes(settings_of(platform.environment)).items()}
    for namespace, port in connections.scraped_ports(platform):
        if parties.get(namespace, flows.NODES) in scraped:
            scraped[parties.get(namespace, flows.NODES)].add(port)
    for party, ports in flows.METRICS.items():
        assert scraped[party] <= set(ports), f"monitors scrape {party} on {scraped[party] - set(ports)}, which no flow allows"
        if platform.whole and party != flows.NODES:
            assert set(ports) <= scraped[party], f"no monitor scrapes {party} on {set(ports) - scraped[party]}"


def test_broker_admin_api_admits_prometheus_only(deployed: Callable[[str], RenderedCluster], environment: str) -> None:
    admin = [edge for edge in policies.allowed(deployed(environment), settings_of(environment)) if edge[3] <= 9644 <= edge[4]]
    assert {edge[:3] for edge in admin} == {("monitoring egress", "prometheus", "redpanda"), ("redpanda ingress", "redpanda", "prometheus")}


def test_upstream_charts_create_no_network_policies(whole: RenderedCluster) -> None:
    """Policies of upstream charts admit every client to the ports of the chart."""
    assert {release for release, _ in whole.of_kind("NetworkPolicy")} == {"ground"}
