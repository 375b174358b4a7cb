from typing import Any

import pytest

from spotmusic_constructs.kubernetes.namespace import Namespace, network_policies
from spotmusic_constructs.network.flows import INTERNET, Flow

CIDR = "10.20.0.0/16"
NAMESPACES = {
    "kong": Namespace(parties={"kong": {}}),
    "monitoring": Namespace(parties={name: {"app": name} for name in ("grafana", "prometheus")}, calls_apis=True, answers_webhooks=True),
}
FLOWS = (
    Flow(source="gateway-load-balancer", target="kong", port=8443, reason="Requests"),
    Flow(source="kong", target="cache", port=6379, reason="Counts"),
    Flow(source="kong", target="grafana", port=3000, reason="Pictures"),
    Flow(source="grafana", target=INTERNET, port=443, reason="Fonts"),
    Flow(source="grafana", target="prometheus", port=9090, reason="Numbers"),
    Flow(source="prometheus", target="kong", port=8100, reason="Metrics"),
    Flow(source="service-playback", target="catalogue-database", port=3306, reason="Nothing of pods"),
)


@pytest.fixture(scope="module")
def policies() -> dict[str, dict[str, Any]]:
    found = network_policies(NAMESPACES, FLOWS, vpc_cidr=CIDR)
    return {namespace: {policy["name"]: policy for policy in entries} for namespace, entries in found.items()}  # type: ignore[misc]


def test_policy_admits_load_balancer_from_vpc(policies: dict[str, dict[str, Any]]) -> None:
    policy = policies["kong"]["gateway-load-balancer-to-kong-8443"]
    assert policy["ingress"] == [{"from": [{"ipBlock": {"cidr": CIDR}}], "ports": [{"protocol": "TCP", "port": 8443}]}]
    assert "egress" not in policy


def test_policy_allows_egress_to_vpc(policies: dict[str, dict[str, Any]]) -> None:
    policy = policies["kong"]["kong-to-cache-6379"]
    assert policy["egress"][0]["to"] == [{"ipBlock": {"cidr": CIDR}}]


def test_policies_open_both_sides(policies: dict[str, dict[str, Any]]) -> None:
    leaving = policies["kong"]["kong-to-grafana-3000"]["egress"][0]
    entering = policies["monitoring"]["kong-to-grafana-3000"]
    assert leaving["ports"] == entering["ingress"][0]["ports"]
    assert leaving["to"][0]["podSelector"] == entering["pods"] == {"matchLabels": {"app": "grafana"}}
    assert entering["ingress"][0]["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kong"}}}]


def test_internet_egress_is_limited_to_port(policies: dict[str, dict[str, Any]]) -> None:
    (rule,) = policies["monitoring"]["grafana-to-internet-443"]["egress"]
    assert rule == {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"protocol": "TCP", "port": 443}]}


def test_namespace_opens_apis_and_webhooks(policies: dict[str, dict[str, Any]]) -> None:
    assert {"apis", "webhooks"} <= policies["monitoring"].keys()
    assert not {"apis", "webhooks"} & policies["kong"].keys()


def test_flow_admits_pods_of_its_source(policies: dict[str, dict[str, Any]]) -> None:
    """Grafana shares the namespace with Prometheus but is denied its flows."""
    (rule,) = policies["kong"]["prometheus-to-kong-8100"]["ingress"]
    monitoring = {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}
    assert rule["from"] == [{"namespaceSelector": monitoring, "podSelector": {"matchLabels": {"app": "prometheus"}}}]
    assert rule["ports"] == [{"protocol": "TCP", "port": 8100}]
    assert policies["monitoring"]["prometheus-to-kong-8100"]["pods"] == {"matchLabels": {"app": "prometheus"}}


def test_namespace_allows_traffic_within(policies: dict[str, dict[str, Any]]) -> None:
    assert "grafana-to-prometheus-9090" not in policies["monitoring"]
    within = policies["monitoring"]["within"]
    assert within["ingress"] == [{"from": [{"podSelector": {}}]}]
    assert within["egress"] == [{"to": [{"podSelector": {}}]}]


def test_unrelated_flows_create_no_policy(policies: dict[str, dict[str, Any]]) -> None:
    assert not [name for entries in policies.values() for name in entries if "playback" in name]


def test_pod_security_exception_requires_reason() -> None:
    with pytest.raises(ValueError, match="Give the reason in `because`"):
        Namespace(pod_security="privileged")
    assert Namespace(pod_security="privileged", because="It reads the host.").to_values([])["podSecurity"] == "privileged"


def test_namespace_admits_experiments_on_request() -> None:
    assert "experimentsBy" not in Namespace().to_values([])
    assert Namespace(experiments_by="faults").to_values([])["experimentsBy"] == "faults"
