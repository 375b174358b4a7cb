"""Namespace with Pod Security, quota and NetworkPolicies."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from spotmusic_constructs.network.flows import INTERNET, Flow

POD_IDENTITY_AGENT = "169.254.170.23/32"
"""Address of the agent that provides Pod Identity credentials (Amazon EKS user guide, Pod Identity
agent)."""
WEBHOOK = 9443
KUBELET = 10250
"""Port of kubelets, which some admission webhooks have too."""
WEBHOOK_PORTS = (WEBHOOK, KUBELET)
"""Ports of admission webhooks."""
HTTPS = 443


@dataclass(frozen=True, kw_only=True)
class Quota:
    """Resource quota of a namespace.

    Args:
        pods: number of pods.
        cpu: requested cores.
        memory: requested memory.
        volumes: number of volume claims.
    """

    pods: int = 50
    cpu: str = "100"
    memory: str = "400Gi"
    volumes: int = 20


@dataclass(frozen=True, kw_only=True)
class Namespace:
    """Namespace of the platform.

    Args:
        parties: parties of the table of flows in this namespace, by the labels of their pods. A
            party without labels includes all pods.
        pod_security: enforced Pod Security Standard. Values other than `restricted` are exceptions
            and require `because`.
        because: reason for the exception.
        calls_apis: whether its pods call the Kubernetes API or AWS.
        answers_webhooks: whether the API server calls webhooks of its pods.
        behind_load_balancer: whether its pods are ready only after the load balancer reports them
            healthy: a rolling update keeps an old pod until then.
        quota: resource quota.
        experiments_by: Kubernetes user with which AWS FIS may delete its pods, and service account
            of the FIS pod. Default: none.

    Raises:
        ValueError: if `because` is missing for an exception.
    """

    parties: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    pod_security: Literal["restricted", "baseline", "privileged"] = "restricted"
    because: str = ""
    calls_apis: bool = False
    answers_webhooks: bool = False
    behind_load_balancer: bool = False
    quota: Quota = Quota()
    experiments_by: str = ""

    def __post_init__(self) -> None:
        if self.pod_security != "restricted" and not self.because:
            raise ValueError(
                f"pod_security {self.pod_security} is an exception. "
                "Give the reason in `because`, or use restricted."
            )

    def to_values(self, policies: Sequence[Mapping[str, object]]) -> dict[str, object]:
        """Return the entry of the chart's values."""
        experiments = {"experimentsBy": self.experiments_by} if self.experiments_by else {}
        gate = {"behindLoadBalancer": True} if self.behind_load_balancer else {}
        return {
            "podSecurity": self.pod_security,
            "quota": asdict(self.quota),
            "policies": list(policies),
            **gate,
            **experiments,
        }


def network_policies(
    namespaces: Mapping[str, Namespace], flows: Sequence[Flow], *, vpc_cidr: str
) -> dict[str, list[dict[str, object]]]:
    """Return the NetworkPolicies of each namespace: flows of its pods, and common rules.

    Parties outside the cluster are identified by security groups, which a policy cannot reference.
    The policy therefore allows the VPC, and the security groups restrict the party.

    Args:
        namespaces: namespaces by name.
        flows: table of flows.
        vpc_cidr: IPv4 range of the VPC.
    """
    homes = {
        party: (name, labels)
        for name, namespace in namespaces.items()
        for party, labels in namespace.parties.items()
    }
    policies: dict[str, list[dict[str, object]]] = {
        name: list(_common(namespace, vpc_cidr)) for name, namespace in namespaces.items()
    }
    for flow in flows:
        name = f"{flow.source}-to-{flow.target}-{flow.port}"
        source, target = homes.get(flow.source), homes.get(flow.target)
        if source and target and source[0] == target[0]:
            continue  # pods of one namespace may connect to each other anyway
        if source:
            home, labels = source
            peers = [_peer(flow.target, homes, vpc_cidr)]
            policies[home].append(
                _policy(name, flow.reason, labels, egress=[{"to": peers, "ports": _ports(flow)}])
            )
        if target:
            home, labels = target
            peers = [_peer(flow.source, homes, vpc_cidr)]
            policies[home].append(
                _policy(name, flow.reason, labels, ingress=[{"from": peers, "ports": _ports(flow)}])
            )
    return policies


def _common(namespace: Namespace, vpc_cidr: str) -> Iterator[dict[str, object]]:
    """Yield the policies of connections outside the table of flows."""
    inside: list[object] = [{"podSelector": {}}]
    yield _policy(
        "within",
        "Pods of one component connect to each other",
        {},
        ingress=[{"from": inside}],
        egress=[{"to": inside}],
    )
    if namespace.calls_apis:
        agent: dict[str, object] = {"to": [_block(POD_IDENTITY_AGENT)], "ports": [_port(80)]}
        anywhere: dict[str, object] = {"to": [_block("0.0.0.0/0")], "ports": [_port(HTTPS)]}
        yield _policy(
            "apis",
            "Pods call the Kubernetes API and AWS with the rights of Pod Identity",
            {},
            egress=[anywhere, agent],
        )
    if namespace.answers_webhooks:
        ports = [_port(port) for port in WEBHOOK_PORTS]
        yield _policy(
            "webhooks",
            "The API server calls admission webhooks",
            {},
            ingress=[{"from": [_block(vpc_cidr)], "ports": ports}],
        )


def _peer(
    party: str, homes: Mapping[str, tuple[str, Mapping[str, str]]], vpc_cidr: str
) -> dict[str, object]:
    if party in homes:
        name, labels = homes[party]
        return _namespace(name) | ({"podSelector": {"matchLabels": dict(labels)}} if labels else {})
    return _block("0.0.0.0/0" if party == INTERNET else vpc_cidr)


def _namespace(name: str) -> dict[str, object]:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def _block(cidr: str) -> dict[str, object]:
    return {"ipBlock": {"cidr": cidr}}


def _port(port: int) -> dict[str, object]:
    return {"protocol": "TCP", "port": port}


def _ports(flow: Flow) -> list[dict[str, object]]:
    first, last = flow.ports
    return [_port(first) | ({"endPort": last} if last != first else {})]


def _policy(
    name: str, reason: str, labels: Mapping[str, str], **rules: list[dict[str, object]]
) -> dict[str, object]:
    return {
        "name": name,
        "reason": reason,
        "pods": {"matchLabels": dict(labels)} if labels else {},
        **rules,
    }
