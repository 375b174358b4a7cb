"""Placement, security context and resources that pods of all components share."""

from collections.abc import Mapping

ZONE = "topology.kubernetes.io/zone"
HOST = "kubernetes.io/hostname"

POD_SECURITY: dict[str, object] = {
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""Pod security context required by Pod Security `restricted`."""
CONTAINER_SECURITY: dict[str, object] = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""Container security context required by Pod Security `restricted`."""
READ_ONLY_CONTAINER: dict[str, object] = {**CONTAINER_SECURITY, "readOnlyRootFilesystem": True}
"""`CONTAINER_SECURITY` for containers that write only to volumes."""

PLATFORM_PRIORITY = "spotmusic-platform"
"""PriorityClass of the pods that every request, deployment or alert needs; `ClusterBase` creates
it."""
STATEFUL_PRIORITY = "spotmusic-stateful"
"""PriorityClass of the brokers; `ClusterBase` creates it."""
BROKER_POOL = "brokers"
"""Node pool of the brokers, tainted so that no other pods share their nodes."""
BROKER_NODES: dict[str, str] = {"karpenter.sh/nodepool": BROKER_POOL}
"""Label that Karpenter, and therefore EKS Auto Mode, sets on the nodes of a pool."""
BROKER_TOLERATIONS: list[dict[str, str]] = [
    {"key": "dedicated", "operator": "Equal", "value": BROKER_POOL, "effect": "NoSchedule"}
]


def spread(
    labels: Mapping[str, str], *, over: str = ZONE, zones: int = 2, each_revision: bool = False
) -> dict[str, object]:
    """Return a spread constraint with a maximum skew of one pod between zones or hosts.

    Nodes with taints that the pods do not tolerate are ignored: they would count as empty zones and
    hosts. Kubernetes also ignores zones without nodes, and would start all pods in the zone with
    the first ready node. `minDomains` prevents this.

    Args:
        labels: labels of the pods.
        over: topology key, zone or host.
        zones: zones that must have a node before one of them receives a second pod. Pods with zonal
            volumes, and pods that keep a node in each zone for others, need min(replicas, zones of
            the cluster). Autoscaled pods allow at most two: with three, none would start during the
            outage of one of three zones (kubernetes.io, Pod Topology Spread Constraints,
            minDomains).
        each_revision: spreads the pods of each revision separately; only for pods of a Deployment.
            Otherwise old pods count during a rolling update, and the remaining new ones may be in
            fewer zones.
    """
    return {
        **({"minDomains": zones} if over == ZONE else {}),
        "maxSkew": 1,
        "topologyKey": over,
        "whenUnsatisfiable": "DoNotSchedule",
        "nodeTaintsPolicy": "Honor",
        "labelSelector": {"matchLabels": dict(labels)},
        **({"matchLabelKeys": ["pod-template-hash"]} if each_revision else {}),
    }


def apart(labels: Mapping[str, str]) -> dict[str, object]:
    """Return the anti-affinity that never schedules two of these pods on one node."""
    term = {"topologyKey": HOST, "labelSelector": {"matchLabels": dict(labels)}}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def resources(*, cpu: str, memory: str, limit: str | None = None) -> dict[str, object]:
    """Return requests and a memory limit; a CPU limit would throttle pods on idle nodes.

    Args:
        cpu: requested cores, such as 100m.
        memory: requested memory, such as 256Mi.
        limit: memory limit. Default: the request.
    """
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": limit or memory}}
