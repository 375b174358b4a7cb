"""Order of releases, and rules of each release."""

import re
from collections import Counter
from collections.abc import Iterator

from spotmusic_cdk import versions
from spotmusic_constructs.kubernetes.helm_release import (
    LARGEST_VALUES,
    LONGEST_ATOMIC_TIMEOUT,
    LONGEST_NAME,
    LONGEST_TIMEOUT,
)
from tests.charts.validation import is_core, name_of
from tools.model import expected_objects
from tools.model.cluster import Release, RenderedCluster

KINDS_OF = {
    "monitoring.coreos.com": "prometheus-operator-crds",
    "cert-manager.io": "cert-manager",
    "external-secrets.io": "external-secrets",
    "rabbitmq.com": "rabbitmq-cluster-operator",
}
"""Chart with the kinds of an API group.

EKS Auto Mode installs `eks.amazonaws.com` and `karpenter.sh`.
"""
NEEDS: dict[str, frozenset[str]] = {
    "prometheus-operator-crds": frozenset({"ground"}),
    "cert-manager": frozenset({"ground"}),
    "external-secrets": frozenset({"ground"}),
    "reloader": frozenset({"ground", "prometheus-operator-crds"}),
    "fluent-bit": frozenset({"ground", "prometheus-operator-crds"}),
    "trust": frozenset({"cert-manager", "external-secrets", "prometheus-operator-crds"}),
    "rabbitmq-cluster-operator": frozenset({"cert-manager", "prometheus-operator-crds"}),
    "redpanda": frozenset({"trust"}),
    "keycloakx": frozenset({"trust"}),
    "rabbitmq": frozenset({"trust", "rabbitmq-cluster-operator"}),
    "kong": frozenset({"trust"}),
    "bindings": frozenset({"redpanda", "rabbitmq", "kong"}),
    "kube-prometheus-stack": frozenset({"bindings", "trust"}),
}
"""Charts that must be deployed before a chart."""
AUTO_MODE = ("eks.amazonaws.com", "karpenter.sh")
"""API groups that EKS Auto Mode installs."""


def findings(platform: RenderedCluster) -> list[str]:
    """Return every release that may precede its dependencies."""
    return [*_waves(platform), *_kinds(platform), *_ground(platform), *_circles(platform)]


def _by_chart(platform: RenderedCluster, chart: str) -> list[str]:
    return [name for name, release in platform.releases.items() if release.chart == chart]


def _waves(platform: RenderedCluster) -> Iterator[str]:
    for name, release in platform.releases.items():
        for chart in NEEDS.get(release.chart, ()):
            # The second release of `trust` belongs to monitoring and is deployed late.
            others = [
                other
                for other in _by_chart(platform, chart)
                if other != name and platform.releases[other].stack == "eks-platform"
            ]
            yield from (
                f"{release} needs {platform.releases[other]}, and nothing says that it comes before"
                for other in others
                if other not in platform.before[name]
            )


def _kinds(platform: RenderedCluster) -> Iterator[str]:
    """Return resources before their kind. The API server rejects them, or the chart omits them."""
    for name, manifest in platform.everything():
        group = manifest["apiVersion"].rpartition("/")[0]
        if (
            is_core(manifest)
            or group in AUTO_MODE
            or platform.releases[name].chart == KINDS_OF.get(group)
        ):
            continue
        makers = _by_chart(platform, KINDS_OF.get(group, ""))
        if not makers:
            yield (
                f"{name_of(manifest)} of {platform.releases[name]} is of {group}, which no chart "
                "brings"
            )
        elif not platform.before[name] & set(makers):
            yield (
                f"{platform.releases[name]} has {name_of(manifest)}, and does not wait for "
                f"{makers[0]}, which brings {group}"
            )


def _ground(platform: RenderedCluster) -> Iterator[str]:
    """Releases before `ground`, which creates namespaces, policies, nodes and classes."""
    for name, release in platform.releases.items():
        if name != "ground" and "ground" not in platform.before[name]:
            yield f"{release} does not wait for the ground, which makes its namespace and its nodes"


def _circles(platform: RenderedCluster) -> Iterator[str]:
    yield from (
        f"{release} waits for itself"
        for name, release in platform.releases.items()
        if name in platform.before[name]
    )


def rule_findings(platform: RenderedCluster) -> list[str]:
    """Return violations of property 95."""
    names = Counter((release.namespace, release.name) for release in platform.releases.values())
    twice = [
        f"release {name} of {namespace} is there twice"
        for (namespace, name), count in names.items()
        if count > 1
    ]
    return twice + [
        f"{release} {problem}"
        for release in platform.releases.values()
        for problem in problems_of(platform, release)
    ]


def problems_of(platform: RenderedCluster, release: Release) -> Iterator[str]:
    """Yield violations of one release."""
    properties = release.properties
    if not re.fullmatch(rf"[a-z][-a-z0-9]{{0,{LONGEST_NAME - 1}}}", release.name):
        yield "has no release name that Helm takes"
    if not release.folder and (release.chart, properties.get("Version")) not in {
        (chart.name, chart.version) for chart in versions.charts()
    }:
        yield f"has version {properties.get('Version')}, which is not pinned in versions.py"
    timeout = int(properties["Timeout"].removesuffix("s"))
    if timeout > LONGEST_TIMEOUT * 60:
        yield f"gives Helm {timeout} s, and its function has 900"
    if size := max(0, len(str(release.values)) - LARGEST_VALUES):
        yield f"has values that are {size} bytes too large for an event"
    if "SkipCrds" in properties:
        yield (
            "has skip_crds, which aws_eks_v2 ignores in silence: "
            "turn the definitions off by the chart's values"
        )
    if properties.get("CreateNamespace"):
        yield "makes its namespace, which would have no policies: the ground makes all"
    yield from _atomic_problems(platform, release)


def _atomic_problems(platform: RenderedCluster, release: Release) -> Iterator[str]:
    if not release.properties.get("Atomic"):
        return
    stateful = [
        name_of(thing)
        for manifest in platform.manifests[release.name]
        for thing in (manifest, *expected_objects.operated(manifest))
        if thing["kind"] in {"StatefulSet", "PersistentVolumeClaim"}
    ]
    if stateful:
        yield f"is atomic and has {', '.join(stateful)}: its immutable fields cannot be rolled back"
    if int(release.properties["Timeout"].removesuffix("s")) > LONGEST_ATOMIC_TIMEOUT * 60:
        yield "is atomic, and a rollback after its timeout outlives the function that runs Helm"
    if not release.properties.get("Wait"):
        yield "is atomic and does not wait: nothing that fails later would be rolled back"


def shared(platform: RenderedCluster) -> list[str]:
    """Return objects of two releases. Helm rejects an object that another release owns."""
    owners: dict[tuple[str, str], set[str]] = {}
    for release, manifest in platform.everything():
        owners.setdefault(
            (manifest["apiVersion"].rpartition("/")[0], name_of(manifest)), set()
        ).add(release)
    return [
        f"{name} is made by releases {', '.join(sorted(by))}"
        for (_, name), by in owners.items()
        if len(by) > 1
    ]
