"""Nodes and volumes of the cluster, from the requests in its Helm values."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from tools.changes.releases import releases
from tools.cost.prices import CostError
from tools.cost.use import Level
from tools.model.templates import Templates
from tools.model.values import at, cores

BROKERS = "brokers"
NODE_DISK_GIB = 80
"""`nodeClass.storage.size` of the chart `ground`."""
USABLE_CPU, USABLE_MEMORY = 0.92, 0.85
"""Shares of a node for pods; the rest is for the system and unused by packing (assumptions)."""
_VCPUS = {"large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16, "8xlarge": 32}
_GIB_PER_VCPU = {"c": 2, "m": 4, "r": 8}
_JOBS = ("startupapicheck", "post_install_job", "initContainers")
_DAEMONS = ("fluent-bit", "prometheus-node-exporter")
_UNITS = {"Ki": 2**-20, "Mi": 2**-10, "Gi": 1.0, "Ti": 1024.0}


@dataclass
class Pool:
    """Requests of the pods of a node pool.

    Args:
        cpu: vCPUs of all pods.
        gib: memory of all pods.
        pods: largest number of replicas that must not share a node.
    """

    cpu: float = 0.0
    gib: float = 0.0
    pods: int = 1


@dataclass
class Demand:
    """Requests of a cluster.

    Args:
        pools: requests by node pool.
        daemons: requests on each node.
        volumes_gib: volumes of all pods.
        spot: whether nodes for general pods are spot instances.
    """

    pools: dict[str, Pool] = field(default_factory=dict)
    daemons: Pool = field(default_factory=Pool)
    volumes_gib: float = 0.0
    spot: bool = False


def demand(templates: Templates, level: Level) -> Demand:
    """Return the requests of a cluster at a level of use."""
    found = Demand()
    for release, (_, properties) in releases(templates).items():
        values = properties["Values"]
        found.spot = found.spot or "spot" in (at(values, "nodePools.general.capacityTypes") or ())
        name = BROKERS if f'nodepool": "{BROKERS}"' in json.dumps(values) else "general"
        pool = found.pools.setdefault(name, Pool())
        for path, replicas, node in _parts(values, level):
            if any(job in path for job in _JOBS):
                continue
            requests = at(node, "resources.requests") or {}
            cpu, gib = cores(requests.get("cpu") or 0), _gib(requests.get("memory"))
            if release in _DAEMONS or any(daemon in path for daemon in _DAEMONS):
                found.daemons.cpu += cpu
                found.daemons.gib += gib
                continue
            pool.cpu += replicas * cpu
            pool.gib += replicas * gib
            pool.pods = max(pool.pods, ceil(replicas) if cpu >= 1 else 1)
            found.volumes_gib += replicas * _gib(requests.get("storage"))
            if path and path[-1] in ("storage", "persistentVolume"):
                found.volumes_gib += replicas * _gib(node.get("size"))
    return found


def nodes(
    pool: str, need: Pool, daemons: Pool, prices: Mapping[str, float], zones: int
) -> tuple[str, int]:
    """Return the cheapest type and number of nodes, as EKS Auto Mode chooses.

    Args:
        pool: name of the node pool; brokers have no nodes of the category `c`.
        need: requests of its pods.
        daemons: requests on each node.
        prices: hourly prices by instance type.
        zones: zones; each has at least one node if pods must spread.

    Raises:
        CostError: if no type has a price.
    """
    options = []
    for type_, usd in prices.items():
        family, _, size = type_.partition(".")
        if (
            size not in _VCPUS
            or family[0] not in _GIB_PER_VCPU
            or (pool == BROKERS and family[0] == "c")
        ):
            continue
        cpu = _VCPUS[size] * USABLE_CPU - daemons.cpu
        gib = _VCPUS[size] * _GIB_PER_VCPU[family[0]] * USABLE_MEMORY - daemons.gib
        least = max(need.pods, zones)
        if pool == BROKERS and (need.cpu / need.pods > cpu or need.gib / need.pods > gib):
            continue
        count = max(least, ceil(need.cpu / cpu), ceil(need.gib / gib))
        options.append((count * usd, type_, count))
    if not options:
        raise CostError(
            f"No price of a node for the pool {pool}. "
            "Add BoxUsage rows of the region to prices.csv."
        )
    _, type_, count = min(options)
    return type_, count


def _parts(
    node: Any, level: Level, path: tuple[str, ...] = (), replicas: float = 1
) -> Iterator[tuple[tuple[str, ...], float, Any]]:
    if isinstance(node, list):
        for part in node:
            yield from _parts(part, level, path, replicas)
    elif isinstance(node, dict):
        replicas = _replicas(node, level) or replicas
        yield path, replicas, node
        for key, part in node.items():
            yield from _parts(part, level, (*path, key), replicas)


def _replicas(node: dict[str, Any], level: Level) -> float | None:
    scaling = node.get("autoscaling")
    if isinstance(scaling, dict) and scaling.get("enabled"):
        return level.scaled(scaling["minReplicas"], scaling["maxReplicas"])
    below = node.get("statefulset")
    for place in (node, below if isinstance(below, dict) else {}):
        for key in ("replicas", "replicaCount"):
            if isinstance(place.get(key), int):
                return float(place[key])
    return None


def _gib(quantity: Any) -> float:
    """Kubernetes quantity in GiB; 0 for other values."""
    amount = re.fullmatch(r"([0-9.]+)([KMGT]i)", str(quantity))
    return float(amount[1]) * _UNITS[amount[2]] if amount else 0.0
