"""Helm releases of an environment, and the manifests that they deploy."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spotmusic_cdk.settings.environment import PROJECT
from tools.model import expected_objects
from tools.model.assembly import stacks_before
from tools.model.helm import render
from tools.model.resolver import Place, Resolver
from tools.model.templates import RELEASE
from tools.model.values import ACCOUNT, Json

ARNS = {
    "AWS::SecretsManager::Secret": f"arn:aws:secretsmanager:sa-east-1:{ACCOUNT}:secret:{{}}",
    "AWS::ElasticLoadBalancingV2::TargetGroup": (
        f"arn:aws:elasticloadbalancing:sa-east-1:{ACCOUNT}:targetgroup/{{}}"
    ),
}
"""Formats of ARNs in chart values by type; other resources appear without an ARN."""


@dataclass
class Release:
    """Helm release.

    Args:
        stack: id of the stack.
        resource: resource in the template.
        values: values with every token resolved.
        folder: our own chart in the assembly; None for an upstream chart.
    """

    stack: str
    resource: Json
    values: Json
    folder: Path | None

    @property
    def properties(self) -> Json:
        return dict(self.resource["Properties"])

    @property
    def name(self) -> str:
        return str(self.properties["Release"])

    @property
    def namespace(self) -> str:
        return str(self.properties["Namespace"])

    @property
    def chart(self) -> str:
        """Name of the chart; for our own charts, from Chart.yaml."""
        if self.folder is None:
            return str(self.properties["Chart"])
        return str(
            re.findall(r"^name: *(\S+)", (self.folder / "Chart.yaml").read_text(), re.MULTILINE)[0]
        )

    def __str__(self) -> str:
        return f"release {self.name} ({self.stack})"


@dataclass
class RenderedCluster(Resolver):
    """Cluster of one environment, as plain data, so that tests can modify a copy.

    Args:
        environment: name of the environment.
        templates: templates by stack.
        releases: releases by name.
        manifests: objects of each release. Our own charts are rendered. Upstream charts have the
            manifests in their values and the expected objects of expected_objects.py.
        before: names of earlier releases by release.
        whole: whether every chart was rendered.
    """

    environment: str
    templates: dict[str, Json]
    releases: dict[str, Release]
    manifests: dict[str, list[Json]]
    before: dict[str, set[str]] = field(default_factory=dict)
    whole: bool = False

    @property
    def settings_version(self) -> str:
        """Kubernetes version of the environment."""
        return next(
            str(cluster["Properties"]["Version"])
            for _, _, cluster in self.resources("AWS::EKS::Cluster")
        )

    def everything(self) -> Iterator[tuple[str, Json]]:
        """Yield the manifests with the name of their release."""
        for release, manifests in self.manifests.items():
            for manifest in manifests:
                yield release, manifest

    def of_kind(self, *kinds: str) -> Iterator[tuple[str, Json]]:
        return (
            (release, manifest)
            for release, manifest in self.everything()
            if manifest["kind"] in kinds
        )

    def resources(self, *types: str) -> Iterator[tuple[str, str, Json]]:
        """Yield stack, logical id and resource by type."""
        for stack, template in self.templates.items():
            for id_, resource in template["Resources"].items():
                if resource["Type"] in types:
                    yield stack, id_, resource

    @property
    def stack_prefix(self) -> str:
        """Name of the project and the environment."""
        return f"{PROJECT}-{self.environment}-"

    def named(self, place: Place) -> str:
        """Return stack, logical id and attribute; an ARN or address if charts check the format."""
        kind = self.templates[place.stack]["Resources"].get(place.id, {}).get("Type", "")
        if place.attribute in ("", "Arn", "Id", "TargetGroupArn") and kind in ARNS:
            return ARNS[kind].format(f"{place.stack}.{place.id}")
        name = super().named(place)
        return (
            f"https://{name}/"
            if kind == "AWS::APS::Workspace" and place.attribute == "PrometheusEndpoint"
            else name
        )


def read(environment: str, templates: dict[str, Json], assembly: Path) -> RenderedCluster:
    """Read an environment, with our own charts rendered from the assembly."""
    cluster = RenderedCluster(environment, templates, releases={}, manifests={})
    for stack, _, resource in cluster.resources(RELEASE):
        properties = resource["Properties"]
        values = json.loads(cluster.text(stack, properties["Values"]))
        release = Release(stack, resource, values, _folder(properties, assembly))
        cluster.releases[release.name] = release
    cluster.manifests = {
        name: own(release) if release.folder else known_objects(release)
        for name, release in cluster.releases.items()
    }
    cluster.before = _order(cluster, assembly)
    return cluster


def own(release: Release, kubernetes: str = "1.36", values: Json | None = None) -> list[Json]:
    """Render one of our own charts."""
    assert release.folder
    return render(
        release.folder,
        release.name,
        release.namespace,
        values or release.values,
        kubernetes=kubernetes,
    )


def known_objects(release: Release) -> list[Json]:
    """Return the known objects of an upstream chart: those in its values, and expected ones."""
    return [
        *_within(release.values, release.namespace),
        *expected_objects.of(release.chart, release.name, release.namespace, release.values),
    ]


def in_namespace(manifest: Json, namespace: str) -> Json:
    """Return a manifest with the namespace of its release as the default, as Helm applies it."""
    return {**manifest, "metadata": {"namespace": namespace, **manifest["metadata"]}}


def _within(values: Any, namespace: str) -> Iterator[Json]:
    if isinstance(values, Mapping):
        if {"apiVersion", "kind", "metadata"} <= values.keys():
            yield in_namespace(dict(values), namespace)
            return
        values = list(values.values())
    if isinstance(values, list):
        for item in values:
            yield from _within(item, namespace)


def _folder(properties: Json, assembly: Path) -> Path | None:
    if "ChartAssetURL" not in properties:
        return None
    (hash_,) = re.findall(r"/([0-9a-f]{64})\.zip", json.dumps(properties["ChartAssetURL"]))
    return next(
        folder / f"asset.{hash_}"
        for folder in (assembly, assembly.parent)
        if (folder / f"asset.{hash_}").is_dir()
    )


def _order(cluster: RenderedCluster, assembly: Path) -> dict[str, set[str]]:
    """Earlier releases of each release, by DependsOn and by dependencies of stacks."""
    stacks = stacks_before(assembly)
    releases = list(cluster.releases.values())
    by_id = {
        (stack, id_): str(resource["Properties"]["Release"])
        for stack, id_, resource in cluster.resources(RELEASE)
    }
    order = {}
    for release in releases:
        earlier = {other.name for other in releases if other.stack in stacks[release.stack]}
        earlier |= {
            by_id[release.stack, id_]
            for id_ in _dependencies(cluster.templates[release.stack], release)
            if (release.stack, id_) in by_id
        }
        order[release.name] = earlier
    return order


def _dependencies(template: Json, release: Release) -> set[str]:
    found: set[str] = set()
    waiting = list(release.resource.get("DependsOn", []))
    while waiting:
        id_ = waiting.pop()
        if id_ not in found:
            found.add(id_)
            waiting += template["Resources"].get(id_, {}).get("DependsOn", [])
    return found


def chart_folder() -> Path | None:
    """Return the folder of upstream charts: SPOTMUSIC_CHARTS, or `.charts` of `make charts`."""
    folder = Path(os.environ.get("SPOTMUSIC_CHARTS") or Path(__file__).parents[2] / ".charts")
    return folder if folder.is_dir() else None


def archive(chart: str, version: str) -> Path | None:
    """Return the archive of a chart at one version, or None."""
    folder = chart_folder()
    file = folder / f"{chart}-{version}.tgz" if folder else None
    return file if file and file.is_file() else None
