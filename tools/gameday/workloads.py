"""Kubernetes workloads, with the pods that a fault removes under their placement rules."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from tools.model.cluster import RenderedCluster
from tools.model.values import Json

ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Pods of one workload.

    Args:
        name: name of the workload.
        replicas: number of pods.
        pod: pod specification of the manifest.
        kept: zones in which other pods always keep a usable node.
    """

    name: str
    replicas: int
    pod: Json
    kept: int = 1

    @property
    def cores(self) -> str:
        """CPU request of the first container."""
        return str(self.pod["containers"][0]["resources"]["requests"]["cpu"])

    @property
    def fewest_zones(self) -> int:
        """Minimum number of zones with these pods; 0 if zones may differ by more than one pod.

        The scheduler ignores zones without a ready node, unless `minDomains` is set. A lost zone
        must not count, because its nodes are tainted and replacements would wait for it
        (nodeTaintsPolicy).
        """
        even = {
            "topologyKey": ZONE,
            "whenUnsatisfiable": "DoNotSchedule",
            "maxSkew": 1,
            "nodeTaintsPolicy": "Honor",
        }
        rules = self.pod.get("topologySpreadConstraints", [])
        spread = (rule for rule in rules if even.items() <= rule.items())
        return max((rule.get("minDomains", 1) for rule in spread), default=0)

    @property
    def apart(self) -> bool:
        """True if pods must not share a node."""
        rules: list[Any] = (
            self.pod.get("affinity", {})
            .get("podAntiAffinity", {})
            .get("requiredDuringSchedulingIgnoredDuringExecution", [])
        )
        return any(rule["topologyKey"] == HOST for rule in rules)

    def lost_with_zone(self, zones: int, pods: int) -> int:
        """Maximum number of pods in one zone; all without a spread rule."""
        return (
            ceil(pods / min(zones, pods, max(self.kept, self.fewest_zones)))
            if self.fewest_zones
            else pods
        )

    @property
    def pool(self) -> str:
        """Nodes that the pods may use."""
        return str(self.pod.get("nodeSelector"))

    def lost_with_node(self, zones: int, pods: int) -> int:
        """Maximum number of pods on one node; each zone has at least one node."""
        return 1 if self.apart else self.lost_with_zone(zones, pods)


Lost = Callable[[Workload, int, int], int]
"""Pods of a workload that a fault removes, by number of zones and of pods."""


def workloads_of(cluster: RenderedCluster) -> dict[str, Workload]:
    """Return every workload by name, including RabbitMQ's nodes."""
    every = [*_plain(cluster), *_rabbitmq(cluster)]
    kept: dict[str, int] = {}
    for workload in every:
        kept[workload.pool] = max(
            kept.get(workload.pool, 1), min(workload.replicas, workload.fewest_zones)
        )
    return {workload.name: replace(workload, kept=kept[workload.pool]) for workload in every}


def _plain(cluster: RenderedCluster) -> Iterator[Workload]:
    for _, manifest in cluster.of_kind("Deployment", "StatefulSet"):
        spec = manifest["spec"]
        yield Workload(
            name=manifest["metadata"]["name"],
            replicas=spec.get("replicas", 1),
            pod=spec["template"]["spec"],
        )


def _rabbitmq(cluster: RenderedCluster) -> Iterator[Workload]:
    for _, manifest in cluster.of_kind("RabbitmqCluster"):
        spec = manifest["spec"]
        override = spec["override"]["statefulSet"]["spec"]["template"]["spec"]
        containers = [{"name": "rabbitmq", "resources": spec["resources"]}]
        pod = {**override, "affinity": spec.get("affinity", {}), "containers": containers}
        yield Workload(name=manifest["metadata"]["name"], replicas=spec["replicas"], pod=pod)
