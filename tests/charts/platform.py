"""A platform as it would be deployed, read from its templates: every release with its values, and what Helm makes of them.

Tokens are resolved to names that tell where they come from (`stack.LogicalId`), so that a check can follow a reference from a value
to the resource behind it, over the borders of stacks.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.charts import beliefs
from tests.helm_values import HELM, Json, render
from tests.stack_order import stacks_before

PSEUDO = {"AWS::AccountId": "111122223333", "AWS::Region": "sa-east-1", "AWS::URLSuffix": "amazonaws.com", "AWS::Partition": "aws"}
ARNS = {
    "AWS::SecretsManager::Secret": "arn:aws:secretsmanager:sa-east-1:111122223333:secret:{}",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "arn:aws:elasticloadbalancing:sa-east-1:111122223333:targetgroup/{}",
}
"""How the ARN of a resource looks that is told to a chart, by its type; everything else is called by its name alone."""


@dataclass
class Release:
    """One Helm release.

    Args:
        stack: stack that has it.
        resource: the resource in its template.
        values: values with every token resolved.
        folder: our own chart as deployed; none for a chart of a repository.
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
        """Name of the chart, for our own as its Chart.yaml says."""
        if self.folder is None:
            return str(self.properties["Chart"])
        return str(re.findall(r"^name: *(\S+)", (self.folder / "Chart.yaml").read_text(), re.MULTILINE)[0])

    def __str__(self) -> str:
        return f"release {self.name} ({self.stack})"


@dataclass
class Platform:
    """All of one environment: plain data, so that a test may break a copy of it.

    Args:
        environment: its name.
        templates: template by stack.
        releases: releases by name.
        manifests: what each release brings into the cluster, as far as it is known. Our own charts are rendered. Of a chart that is not
            at hand it is what its values bring along and what `beliefs` says of it.
        before: names of the releases that are deployed before, by name of the release.
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
        return next(str(cluster["Properties"]["Version"]) for _, _, cluster in self.resources("AWS::EKS::Cluster"))

    def everything(self) -> Iterator[tuple[str, Json]]:
        """Yields every manifest with the name of its release."""
        for release, manifests in self.manifests.items():
            for manifest in manifests:
                yield release, manifest

    def of_kind(self, *kinds: str) -> Iterator[tuple[str, Json]]:
        return ((release, manifest) for release, manifest in self.everything() if manifest["kind"] in kinds)

    def resources(self, *types: str) -> Iterator[tuple[str, str, Json]]:
        """Yields stack, logical id and resource of some types."""
        for stack, template in self.templates.items():
            for id_, resource in template["Resources"].items():
                if resource["Type"] in types:
                    yield stack, id_, resource

    def resolve(self, value: Any, stack: str) -> Any:
        return Resolver(self.templates, self.environment).resolve(value, stack)


class Resolver:
    """Says what stands behind the intrinsic functions of templates."""

    def __init__(self, templates: dict[str, Json], environment: str) -> None:
        self._templates = templates
        self._prefix = f"spotmusic-{environment}-"

    def resolve(self, value: Any, stack: str) -> Any:
        if isinstance(value, list):
            return [self.resolve(item, stack) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (function, argument), *_ = value.items()
            known = self._function(function, argument, stack)
            if known is not None:
                return known
        return {key: self.resolve(item, stack) for key, item in value.items()}

    def _function(self, function: str, argument: Any, stack: str) -> str | None:
        match function:
            case "Ref":
                return PSEUDO.get(argument) or self._named(stack, argument)
            case "Fn::GetAtt":
                return self._named(stack, argument[0], str(argument[1]))
            case "Fn::Join":
                return str(argument[0]).join(str(self.resolve(part, stack)) for part in argument[1])
            case "Fn::Sub" if isinstance(argument, str):
                return re.sub(r"\$\{([\w:]+)\}", lambda found: PSEUDO.get(found[1], f"{stack}.{found[1]}"), argument)
            case "Fn::GetStackOutput" | "Fn::ImportValue":
                named = str(argument).split(":") if isinstance(argument, str) else (argument["StackName"], argument["OutputName"])
                return self._output(*named)
        return None

    def _output(self, stack_name: str, output: str) -> str:
        producer = stack_name.removeprefix(self._prefix)
        return str(self.resolve(self._templates[producer]["Outputs"][output]["Value"], producer))

    def _named(self, stack: str, id_: str, attribute: str = "") -> str:
        kind = self._templates[stack]["Resources"].get(id_, {}).get("Type", "")
        if attribute in ("", "Arn", "Id", "TargetGroupArn") and kind in ARNS:
            return ARNS[kind].format(f"{stack}.{id_}")
        name = f"{stack}.{id_}" + (f".{attribute}" if attribute else "")
        return f"https://{name}/" if kind == "AWS::APS::Workspace" and attribute == "PrometheusEndpoint" else name


def read(environment: str, templates: dict[str, Json], assembly: Path) -> Platform:
    """Reads an environment: our own charts are rendered, each as it lies in the assembly."""
    resolver = Resolver(templates, environment)
    releases = {}
    for stack, template in templates.items():
        for resource in template["Resources"].values():
            if resource["Type"] == HELM:
                values = json.loads(resolver.resolve(resource["Properties"]["Values"], stack))
                release = Release(stack, resource, values, _folder(resource["Properties"], assembly))
                releases[release.name] = release
    manifests = {name: own(release) if release.folder else told(release) for name, release in releases.items()}
    return Platform(environment, templates, releases, manifests, _order(templates, releases, assembly))


def own(release: Release, kubernetes: str = "1.36", values: Json | None = None) -> list[Json]:
    """Renders one of our own charts."""
    assert release.folder
    return render(release.folder, release.name, release.namespace, values or release.values, kubernetes=kubernetes)


def told(release: Release) -> list[Json]:
    """What is known of a chart that is not at hand: the manifests within its values, and what its values make of it."""
    return [*_within(release.values, release.namespace), *beliefs.of(release.chart, release.name, release.namespace, release.values)]


def _within(values: Any, namespace: str) -> Iterator[Json]:
    if isinstance(values, Mapping):
        if {"apiVersion", "kind", "metadata"} <= values.keys():
            yield {**values, "metadata": {"namespace": namespace, **values["metadata"]}}
            return
        values = list(values.values())
    if isinstance(values, list):
        for item in values:
            yield from _within(item, namespace)


def _folder(properties: Json, assembly: Path) -> Path | None:
    if "ChartAssetURL" not in properties:
        return None
    (hash_,) = re.findall(r"/([0-9a-f]{64})\.zip", json.dumps(properties["ChartAssetURL"]))
    return next(folder / f"asset.{hash_}" for folder in (assembly, assembly.parent) if (folder / f"asset.{hash_}").is_dir())


def _order(templates: dict[str, Json], releases: dict[str, Release], assembly: Path) -> dict[str, set[str]]:
    """Which releases are deployed before which: by DependsOn within a stack, by the dependencies of stacks between two."""
    stacks = stacks_before(assembly)
    by_id = {(release.stack, id_): release.name for release in releases.values() for id_ in _ids(templates, release)}
    order = {}
    for release in releases.values():
        earlier = {other.name for other in releases.values() if other.stack in stacks[release.stack]}
        earlier |= {by_id[release.stack, id_] for id_ in _dependencies(templates[release.stack], release) if (release.stack, id_) in by_id}
        order[release.name] = earlier
    return order


def _ids(templates: dict[str, Json], release: Release) -> Iterator[str]:
    return (id_ for id_, resource in templates[release.stack]["Resources"].items() if resource is release.resource)


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
    """Folder with charts of repositories: SPOTMUSIC_CHARTS, or `.charts` where `make charts` put them."""
    folder = Path(os.environ.get("SPOTMUSIC_CHARTS") or Path(__file__).parents[2] / ".charts")
    return folder if folder.is_dir() else None


def archive(chart: str, version: str) -> Path | None:
    """The archive of a chart at one version, where it is at hand."""
    folder = chart_folder()
    file = folder / f"{chart}-{version}.tgz" if folder else None
    return file if file and file.is_file() else None
