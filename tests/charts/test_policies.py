"""What NetworkPolicies speak of is there. That they are the table of flows, no more and no fewer, is property 98, in tests/properties."""

from collections.abc import Callable

from spotmusic_cdk import flows
from spotmusic_cdk.namespaces import namespaces
from tests.charts import connections, policies
from tests.conftest import settings_of
from tests.model.cluster import RenderedCluster


def test_every_party_is_the_label_of_pods_that_run(platform: RenderedCluster) -> None:
    """A policy for pods that nobody has would let nobody in."""
    running = [(workload["metadata"].get("namespace"), connections.labels_of(workload)) for _, workload in connections.workloads(platform)]
    missing = [
        party
        for name, namespace in namespaces(settings_of(platform.environment)).items()
        for party, labels in namespace.parties.items()
        if not any(place == name and labels.items() <= there.items() for place, there in running)
    ]
    assert missing == []


def test_prometheus_may_reach_every_port_that_a_monitor_names(platform: RenderedCluster) -> None:
    """And no other: an entry of METRICS that no monitor uses is a hole."""
    scraped: dict[str, set[int]] = {party: set() for party in flows.METRICS}
    parties = {namespace: party for (namespace, _), party in policies.homes(settings_of(platform.environment)).items()}
    for namespace, port in connections.scraped_ports(platform):
        if parties.get(namespace, flows.NODES) in scraped:
            scraped[parties.get(namespace, flows.NODES)].add(port)
    for party, ports in flows.METRICS.items():
        assert scraped[party] <= set(ports), f"monitors scrape {party} on {scraped[party] - set(ports)}, which no flow allows"
        if platform.whole and party != flows.NODES:
            assert set(ports) <= scraped[party], f"no monitor scrapes {party} on {set(ports) - scraped[party]}"


def test_nobody_but_prometheus_and_its_own_reaches_the_admin_api_of_the_brokers(
    deployed: Callable[[str], RenderedCluster], environment: str
) -> None:
    admin = [edge for edge in policies.allowed(deployed(environment), settings_of(environment)) if edge[3] <= 9644 <= edge[4]]
    assert {edge[:3] for edge in admin} == {("monitoring egress", "prometheus", "redpanda"), ("redpanda ingress", "redpanda", "prometheus")}


def test_no_chart_brings_policies_of_its_own(whole: RenderedCluster) -> None:
    """Those of upstream let everybody in on the ports of the chart."""
    assert {release for release, _ in whole.of_kind("NetworkPolicy")} == {"ground"}
