"""Resource requests of pods as numbers."""

from collections.abc import Iterator, Mapping

from tests.charts.pods import running, where_of
from tests.charts.references import pod_of
from tools.model.cluster import RenderedCluster
from tools.model.values import Json

_UNITS = {
    "m": 0.001,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
}


def number(quantity: str | float) -> float:
    """Return a Kubernetes quantity, such as 50m or 2Gi, as a number."""
    text = str(quantity)
    unit = text.lstrip("0123456789.")
    return float(text.removesuffix(unit)) * (_UNITS[unit] if unit else 1)


def requested(pod: Json, resource: str, default: str = "0") -> float:
    """Return the request of a pod: its containers together, or a larger init container."""

    def asked(container: Json) -> float:
        return number(
            ((container.get("resources") or {}).get("requests") or {}).get(resource, default)
        )

    together = sum(map(asked, pod["containers"]))
    return max([together, *map(asked, pod.get("initContainers") or [])])


def most_pods(platform: RenderedCluster) -> Iterator[tuple[str, Json, int]]:
    """Yield namespace, pod and largest replica count of each workload; 1 for a DaemonSet."""
    kong = platform.releases["kong"].values["autoscaling"]["maxReplicas"]
    for workload in running(platform):
        count = kong if where_of(workload) == "kong/kong" else workload["spec"].get("replicas", 1)
        yield workload["metadata"]["namespace"], pod_of(workload) or {}, count


def needed(
    platform: RenderedCluster, namespace: str, defaults: Mapping[str, str]
) -> dict[str, float]:
    """Return the request of all pods of a namespace, with one more of each for an upgrade.

    Args:
        platform: the platform.
        namespace: name of the namespace.
        defaults: request of a container without one.
    """
    pods = [(pod, count + 1) for place, pod, count in most_pods(platform) if place == namespace]

    def together(key: str) -> float:
        return sum(count * requested(pod, key, defaults.get(key, "0")) for pod, count in pods)

    return {
        "pods": sum(count for _, count in pods),
        **{f"requests.{key}": together(key) for key in ("cpu", "memory")},
    }
