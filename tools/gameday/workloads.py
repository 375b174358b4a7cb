"""What runs on Kubernetes: how many of each a fault can take at once, by the rules that place them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from tests.model.cluster import RenderedCluster
from tests.model.values import Json

ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Pods of one kind.

    Args:
        name: its name.
        replicas: pods that run.
        pod: what the manifest says of one.
        kept: zones in which other pods always keep a node that these may use.
    """

    name: str
    replicas: int
    pod: Json
    kept: int = 1

    @property
    def cores(self) -> str:
        """Cpu that the first container asks for."""
        return str(self.pod["containers"][0]["resources"]["requests"]["cpu"])

    def spread_over(self, topology: str) -> bool:
        """Tells whether no zone, or node, has two pods more than another.

        A zone that is lost must not count: its nodes are tainted, and replacements would wait for it (nodeTaintsPolicy).
        """
        return self.fewest_domains(topology) > 0

    def fewest_domains(self, topology: str) -> int:
        """Fewest zones, or nodes, that the pods stand in; 0 without a rule.

        A zone in which no node is ready does not count for the scheduler, unless `minDomains` asks for it.
        """
        found = (
            rule.get("minDomains", 1)
            for rule in self.pod.get("topologySpreadConstraints", [])
            if (rule["topologyKey"], rule["whenUnsatisfiable"], rule["maxSkew"], rule.get("nodeTaintsPolicy"))
            == (topology, "DoNotSchedule", 1, "Honor")
        )
        return max(found, default=0)

    @property
    def apart(self) -> bool:
        """Tells whether no two of them share a node."""
        rules: list[Any] = self.pod.get("affinity", {}).get("podAntiAffinity", {}).get("requiredDuringSchedulingIgnoredDuringExecution", [])
        return any(rule["topologyKey"] == HOST for rule in rules)

    def lost_with_zone(self, zones: int, replicas: int | None = None) -> int:
        """The most of them that stand in one zone: all, where no rule spreads them."""
        count = self.replicas if replicas is None else replicas
        return ceil(count / self._zones(zones, count))

    def _zones(self, zones: int, count: int) -> int:
        """Fewest zones that hold so many pods."""
        return min(zones, count, max(self.kept, self.fewest_domains(ZONE))) if self.spread_over(ZONE) else 1

    @property
    def pool(self) -> str:
        """Nodes that the pods may use."""
        return str(self.pod.get("nodeSelector"))

    def lost_with_node(self, zones: int, replicas: int | None = None) -> int:
        """The most of them that stand on one node: a zone has one node at least."""
        count = self.replicas if replicas is None else replicas
        return 1 if self.apart else self.lost_with_zone(zones, count)


def workloads_of(cluster: RenderedCluster) -> dict[str, Workload]:
    """Every workload by name, RabbitMQ's nodes among them."""
    every = [*_plain(cluster), *_rabbitmq(cluster)]
    kept: dict[str, int] = {}
    for workload in every:
        kept[workload.pool] = max(kept.get(workload.pool, 1), min(workload.replicas, workload.fewest_domains(ZONE)))
    return {workload.name: replace(workload, kept=kept[workload.pool]) for workload in every}


def _plain(cluster: RenderedCluster) -> Iterator[Workload]:
    for _, manifest in cluster.of_kind("Deployment", "StatefulSet"):
        spec = manifest["spec"]
        yield Workload(name=manifest["metadata"]["name"], replicas=spec.get("replicas", 1), pod=spec["template"]["spec"])


def _rabbitmq(cluster: RenderedCluster) -> Iterator[Workload]:
    for _, manifest in cluster.of_kind("RabbitmqCluster"):
        spec = manifest["spec"]
        override = spec["override"]["statefulSet"]["spec"]["template"]["spec"]
        containers = [{"name": "rabbitmq", "resources": spec["resources"]}]
        pod = {**override, "affinity": spec.get("affinity", {}), "containers": containers}
        yield Workload(name=manifest["metadata"]["name"], replicas=spec["replicas"], pod=pod)
