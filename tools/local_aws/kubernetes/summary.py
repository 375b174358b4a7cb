"""Summary of releases: installed, recorded, and parts omitted without nodes."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from tools.local_aws.custom_resources import HELM_CHART
from tools.local_aws.kubernetes.status_endpoint import ClusterState

Json = dict[str, Any]
_WIDTH = 130


def problems(state: ClusterState, *, expected: Iterable[tuple[str, str]]) -> list[str]:
    """Returns differences between the releases and the templates.

    Args:
        state: the API server.
        expected: namespace and name of every release that a provider function installed.
    """
    found = {(release["namespace"], release["name"]): release for release in state.releases}
    lines = [f"release {namespace}/{name} is not in the cluster" for namespace, name in expected if (namespace, name) not in found]
    for (namespace, name), release in found.items():
        if release["status"] != "deployed":
            lines.append(f"release {namespace}/{name} is {release['status']}")
        lines += [f"release {namespace}/{name}: {_named(item)} is not in the cluster" for item in release["missing"]]
        lines += [f"release {namespace}/{name}: {refusal}" for refusal in release["refused"]]
    return lines


def text(state: ClusterState | None, *, records: Iterable[Json]) -> str:
    """Returns the summary's lines on Kubernetes.

    Args:
        state: the API server; None if there is none.
        records: recorded resources.
    """
    recorded = [record["properties"] for record in records if record["type"] == HELM_CHART]
    names = ", ".join(f"{release['Release']} ({_chart(release)})" for release in recorded)
    if state is None:
        why = "neither KUBECONFIG nor KUBEBUILDER_ASSETS was set when it started"
        return f"Kubernetes: {len(recorded)} Helm releases recorded, none installed: {why}." if recorded else ""
    head = [f"Kubernetes {state.version}: {len(state.releases)} Helm releases installed by the layer's Helm. Without nodes,"]
    webhooks = "no webhook is called" if state.has_own_server else "webhooks without a response are ignored"
    head.append(f"  Helm does not wait (--wait, --atomic), no hook runs, {webhooks}, no pod starts (each passed a dry run)")
    lines = [*head, *(line for release in state.releases for line in _release(release))]
    if recorded:
        lines += ["  recorded, because their charts are not available (SPOTMUSIC_CHARTS):", *_wrapped(names)]
    if state.stand_ins:
        lines += [
            "  stub definitions for Auto Mode and unavailable charts:",
            *(line for name in state.stand_ins for line in _wrapped(name)),
        ]
    return "\n".join(lines)


def kept(state: ClusterState | None) -> list[str]:
    """Lists objects with Helm's keep policy, one line each.

    Args:
        state: the API server before the destruction.
    """
    releases = state.releases if state else []
    return [f"{release['name']}: {_named(item)}" for release in releases for item in release["objects"] if item["is_kept"]]


def left(state: ClusterState | None) -> list[str]:
    """Lists releases that outlived their stack: the provider function ignores Helm's errors on
    removal.

    Args:
        state: the API server after the destruction.
    """
    return [f"release {release['namespace']}/{release['name']} ({release['status']})" for release in (state.releases if state else [])]


def listing(state: ClusterState) -> str:
    """Lists every object of every release, one per line: release, kind, namespace and name."""
    rows = [
        (release["name"], item["kind"], item["namespace"] or "-", item["name"]) for release in state.releases for item in release["objects"]
    ]
    return "\n".join("\t".join(row) for row in rows) + "\n"


def _release(release: Json) -> list[str]:
    numbers = Counter((item["namespace"], item["kind"]) for item in release["objects"])
    places: dict[str, list[str]] = {}
    for (namespace, kind), number in sorted(numbers.items()):
        places.setdefault(namespace or "cluster", []).append(f"{kind} {number}")
    lines = [f"  {release['name']} ({release['chart']}): {len(release['objects'])} objects"]
    for namespace, kinds in places.items():
        lines += _wrapped(f"{namespace}: {', '.join(kinds)}")
    if release["hooks"]:
        lines += _wrapped(f"hooks that did not run: {', '.join(release['hooks'])}")
    return lines


def _chart(properties: Json) -> str:
    return f"{properties['Chart']} {properties.get('Version', '')}" if properties.get("Chart") else "our own chart"


def _named(item: Json) -> str:
    place = f"{item['namespace']}/" if item["namespace"] else ""
    return f"{item['kind']} {place}{item['name']}"


def _wrapped(words: str) -> list[str]:
    lines, line = [], "   "
    for word in words.split(" "):
        if len(line) + 1 + len(word) > _WIDTH:
            lines.append(line)
            line = "     "
        line += f" {word}"
    return [*lines, line]
