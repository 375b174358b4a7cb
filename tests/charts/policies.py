"""Connections between pods that NetworkPolicies allow, compared with the table of flows."""

from collections.abc import Iterable, Iterator
from typing import Any

from spotmusic_cdk import flows
from spotmusic_cdk.namespaces import namespaces
from spotmusic_cdk.settings import Settings
from spotmusic_constructs.kubernetes.namespace import POD_IDENTITY_AGENT, WEBHOOK_PORTS
from spotmusic_constructs.network.flows import INTERNET, Flow
from tools.model.cluster import RenderedCluster
from tools.model.values import Json

EVERY_PORT = (1, 65535)
UNKNOWN = "no party of the table"
VPC_ADDRESSES = "an address of the VPC"

Edge = tuple[str, str, str, int, int]
"""Namespace and direction, pods, peer, first and last port of a policy, such as
`kong egress`, `kong`, `keycloak`, 8443, 8443."""


def homes(settings: Settings) -> dict[tuple[str, str], str]:
    """Party by namespace and labels of its pods."""
    return {
        (name, _text(labels)): party
        for name, namespace in namespaces(settings).items()
        for party, labels in namespace.parties.items()
    }


def expected(settings: Settings) -> dict[Edge, Flow]:
    """Return flows of the table with a pod on either side, without flows within one namespace."""
    where = {party: namespace for (namespace, _), party in homes(settings).items()}
    found: dict[Edge, Flow] = {}
    for flow in flows.table(settings):
        source, target = where.get(flow.source), where.get(flow.target)
        if source and source == target:
            continue
        if source:
            peer = (
                flow.target
                if target
                else ("the Internet" if flow.target == INTERNET else VPC_ADDRESSES)
            )
            found[f"{source} egress", flow.source, peer, *flow.ports] = flow
        if target:
            found[
                f"{target} ingress",
                flow.target,
                flow.source if source else VPC_ADDRESSES,
                *flow.ports,
            ] = flow
    return found


def allowed(platform: RenderedCluster, settings: Settings) -> dict[Edge, str]:
    """Return allowed connections with their policy, without those of `COMMON`."""
    parties = homes(settings)
    found: dict[Edge, str] = {}
    for _, policy in platform.of_kind("NetworkPolicy"):
        namespace, name, spec = (
            policy["metadata"]["namespace"],
            policy["metadata"]["name"],
            policy["spec"],
        )
        if name in COMMON:
            continue
        pods = _party(namespace, spec["podSelector"], parties)
        for direction, side in (("ingress", "from"), ("egress", "to")):
            for rule in spec.get(direction) or []:
                for peer in rule.get(side) or [{}]:
                    for first, last in _ports(rule):
                        found[
                            f"{namespace} {direction}",
                            pods,
                            _peer(namespace, peer, parties, settings),
                            first,
                            last,
                        ] = name
    return found


def findings(platform: RenderedCluster, settings: Settings) -> list[str]:
    """Return policies without a flow, and flows without a policy."""
    table, policies = expected(settings), allowed(platform, settings)
    idle = [
        (
            f"NetworkPolicy {edge[0].split()[0]}/{policies[edge]} lets {_described(edge)}, which "
            "no flow of spotmusic_cdk/flows.py asks for"
        )
        for edge in policies.keys() - table.keys()
    ]
    shut = [
        (
            f"the flow {flow.source} to {flow.target} on {flow.port} ({flow.reason}) is shut: "
            f"no NetworkPolicy lets {_described(edge)}"
        )
        for edge, flow in table.items()
        if edge not in policies
    ]
    return sorted(idle) + shut + list(_common_findings(platform, settings))


def _described(edge: Edge) -> str:
    side, pods, peer, first, last = edge
    ports = str(first) if first == last else f"{first} to {last}"
    return (
        f"{pods} reach {peer} on {ports}"
        if side.endswith("egress")
        else f"{peer} reach {pods} on {ports}"
    )


COMMON = ("default-deny", "within", "apis", "webhooks")
"""Policies for every pod of a namespace. All other policies belong to a flow of the table."""


def _common_findings(platform: RenderedCluster, settings: Settings) -> Iterator[str]:
    table = {(flow.source, flow.target, *flow.ports) for flow in flows.table(settings)}
    wanted, there = _common(settings), _places(platform)
    for _, policy in platform.of_kind("NetworkPolicy"):
        name, namespace = policy["metadata"]["name"], policy["metadata"]["namespace"]
        if name in COMMON and policy["spec"] != wanted[name]:
            yield (
                f"NetworkPolicy {namespace}/{name} allows something else than what it is for: "
                f"{policy['spec']}"
            )
    for name, served in SERVED.items():
        yield from (
            f"NetworkPolicies {name} serve the flow {edge}, which the table has not"
            for edge in served - table
        )
    declared = namespaces(settings)
    needed = {
        "default-deny": set(declared),
        "within": set(declared),
        "apis": {name for name, namespace in declared.items() if namespace.calls_apis},
        "webhooks": {name for name, namespace in declared.items() if namespace.answers_webhooks},
    }
    for name, places in needed.items():
        yield from (
            f"namespace {place} has no NetworkPolicy {name}"
            for place in sorted(places - there[name])
        )
        yield from (
            f"namespace {place} has a NetworkPolicy {name} without saying so"
            for place in sorted(there[name] - places)
        )


SERVED = {
    "apis": {
        (flows.NODES, INTERNET, 443, 443),
        (flows.NODES, "kubernetes-control-plane", 443, 443),
    },
    "webhooks": {("kubernetes-control-plane", flows.NODES, port, port) for port in WEBHOOK_PORTS},
}
"""Flows of those policies, between nodes and addresses outside the cluster."""


def _common(settings: Settings) -> dict[str, Json]:
    inside: Json = {"podSelector": {}}
    names = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]
    both = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    return {
        "default-deny": {**both, "egress": [{"ports": names}]},
        "within": {**both, "ingress": [{"from": [inside]}], "egress": [{"to": [inside]}]},
        "apis": {
            "podSelector": {},
            "policyTypes": ["Egress"],
            "egress": [_open("to", "0.0.0.0/0", flows.HTTPS), _open("to", POD_IDENTITY_AGENT, 80)],
        },
        "webhooks": {
            "podSelector": {},
            "policyTypes": ["Ingress"],
            "ingress": [_open("from", settings.network.cidr, *WEBHOOK_PORTS)],
        },
    }


def _places(platform: RenderedCluster) -> dict[str, set[str]]:
    there: dict[str, set[str]] = {name: set() for name in COMMON}
    for _, policy in platform.of_kind("NetworkPolicy"):
        there.setdefault(policy["metadata"]["name"], set()).add(policy["metadata"]["namespace"])
    return there


def _open(side: str, cidr: str, *ports: int) -> Json:
    return {
        side: [{"ipBlock": {"cidr": cidr}}],
        "ports": [{"protocol": "TCP", "port": port} for port in ports],
    }


def _peer(
    namespace: str, peer: Json, parties: dict[tuple[str, str], str], settings: Settings
) -> str:
    if "ipBlock" in peer:
        cidr = peer["ipBlock"]["cidr"]
        return str(
            {settings.network.cidr: VPC_ADDRESSES, "0.0.0.0/0": "the Internet"}.get(cidr, cidr)
        )
    if not peer:
        return "anybody"
    home = (
        peer.get("namespaceSelector", {})
        .get("matchLabels", {})
        .get("kubernetes.io/metadata.name", namespace)
    )
    return _party(home, peer.get("podSelector") or {}, parties)


def _party(namespace: str, selector: Json, parties: dict[tuple[str, str], str]) -> str:
    labels = _text(selector.get("matchLabels") or {})
    return parties.get((namespace, labels), f"{UNKNOWN} ({namespace}: {labels or 'every pod'})")


def _ports(rule: Json) -> Iterable[tuple[int, int]]:
    return [
        (entry["port"], entry.get("endPort", entry["port"])) for entry in rule.get("ports") or []
    ] or [EVERY_PORT]


def _text(labels: Any) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(dict(labels).items()))
