"""What the pods of every component have in common: where they run, what they may do, and what they ask for."""

from collections.abc import Mapping

ZONE = "topology.kubernetes.io/zone"
HOST = "kubernetes.io/hostname"

POD_SECURITY: dict[str, object] = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
"""What Pod Security `restricted` asks of a pod."""
CONTAINER_SECURITY: dict[str, object] = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""What it asks of a container."""
READ_ONLY_CONTAINER: dict[str, object] = {**CONTAINER_SECURITY, "readOnlyRootFilesystem": True}
"""The same, for a container that writes to its volumes only."""

BROKER_POOL = "brokers"
"""The node pool of the brokers: tainted, so that nothing else shares a node with them."""
BROKER_NODES: dict[str, str] = {"karpenter.sh/nodepool": BROKER_POOL}
"""Label that Karpenter, and so EKS Auto Mode, puts on the nodes of a pool."""
BROKER_TOLERATIONS: list[dict[str, str]] = [{"key": "dedicated", "operator": "Equal", "value": BROKER_POOL, "effect": "NoSchedule"}]


def spread(labels: Mapping[str, str], *, over: str = ZONE, zones: int = 2) -> dict[str, object]:
    """Returns the rule that no zone (or host) has two pods more than another.

    Nodes whose taint a pod does not tolerate do not count: they would look like zones and hosts that stay empty. A zone without
    a node does not count either, so that all pods would start in the zone whose node is ready first. `minDomains` makes them wait.

    Args:
        labels: labels of the pods.
        over: topology key, zone or host.
        zones: zones that must have a node before one of them takes a second pod. Pods whose volumes hold them in their zone, and
            those that keep a node in each zone for others, need min(replicas, zones of the cluster). Where a scaler adds pods two is the
            most: with three, none of them would start while one of three zones is lost (kubernetes.io, Pod Topology Spread Constraints,
            minDomains).
    """
    return {
        **({"minDomains": zones} if over == ZONE else {}),
        "maxSkew": 1,
        "topologyKey": over,
        "whenUnsatisfiable": "DoNotSchedule",
        "nodeTaintsPolicy": "Honor",
        "labelSelector": {"matchLabels": dict(labels)},
    }


def apart(labels: Mapping[str, str]) -> dict[str, object]:
    """Returns the affinity that never puts two of these pods on one node."""
    term = {"topologyKey": HOST, "labelSelector": {"matchLabels": dict(labels)}}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def resources(*, cpu: str, memory: str, limit: str | None = None) -> dict[str, object]:
    """Returns requests, and a limit of memory; no limit of cpu, because that throttles a pod on an idle node.

    Args:
        cpu: requested cores, such as 100m.
        memory: requested memory, such as 256Mi.
        limit: limit of memory; as much as requested when left out.
    """
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": limit or memory}}
