"""Helm release on the cluster, with the rules that CloudFormation requires."""

import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NotRequired, Protocol, TypedDict, Unpack

from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_s3_assets as assets
from constructs import Construct, IDependable

from spotmusic_constructs import durations

LONGEST_TIMEOUT = 13
"""Minutes. Helm must time out before its function, which has 15 minutes: a killed Helm leaves the
release pending."""
LONGEST_ATOMIC_TIMEOUT = 7
"""Minutes. A rollback takes as long as the upgrade, in the same invocation of the function; one
minute remains to start and fetch the chart."""
LARGEST_VALUES = 100_000
"""Bytes of values: an update sends old and new values in one event, which AWS Lambda limits to 256
kB."""
LONGEST_NAME = 53
"""Characters of a release name, Helm's limit."""


class Chart(Protocol):
    """Chart in a repository, at an exact version.

    Attributes:
        name: name of the chart.
        version: exact version.
        repository: URL of the chart repository, or of the chart if it starts with `oci://`.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def version(self) -> str: ...  # noqa: D102

    @property
    def repository(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, kw_only=True)
class LocalChart:
    """Local chart, deployed as an asset.

    Args:
        path: folder that contains Chart.yaml.
        files: text of generated files, by their path in the chart.
    """

    path: Path
    files: Mapping[str, str] = field(default_factory=dict)

    def asset(self, scope: Construct, construct_id: str) -> assets.Asset:
        """Create the asset of the chart, generated files included."""
        if not self.files:
            return assets.Asset(scope, construct_id, path=str(self.path))
        with TemporaryDirectory() as folder:
            # CDK copies the folder into the assembly; its hash depends only on the files.
            chart = Path(folder) / self.path.name
            shutil.copytree(self.path, chart)
            for name, text in self.files.items():
                file = chart / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            return assets.Asset(scope, construct_id, path=str(chart))


class HelmRelease(Construct):
    """Helm release with explicit name, namespace and version.

    Creates the custom resource that runs `helm upgrade --install`. Releases run in parallel unless
    `after` orders them. A changed release name or namespace installs a second release and leaves
    the first one installed.

    Args:
        cluster: cluster with a kubectl provider.
        chart: chart of a repository, or local chart.
        release: name of the release, DNS-1123, at most 53 characters.
        namespace: existing namespace. Releases do not create namespaces, because a namespace needs
            its policies first.
        values: values of the chart, without `None`: jsii drops it.
        wait: whether Helm waits until the pods, and with Helm 4 the custom resources, are ready.
        atomic: whether a failed upgrade is rolled back. Only for stateless charts with `wait`:
            immutable fields of a StatefulSet cannot be rolled back.
        minutes: timeout of Helm in minutes: at most 13, because its function ends after 15; at most
            7 with `atomic`, because a rollback takes as long again. Default: 10, or 7 with
            `atomic`.
        after: constructs that must be deployed before.

    Raises:
        ValueError: if an argument breaks one of these rules; the message names the rule and the
            fix.

    Example:
        HelmRelease(self, "CertManager", cluster=cluster, chart=versions.CERT_MANAGER,
                    release="cert-manager", namespace="cert-manager",
                    values={"crds": {"enabled": True}}, wait=True, after=[cluster_base])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: eks.ICluster,
        chart: Chart | LocalChart,
        release: str,
        namespace: str,
        values: Mapping[str, object],
        wait: bool,
        atomic: bool = False,
        minutes: int | None = None,
        after: Sequence[IDependable] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        minutes = minutes or (LONGEST_ATOMIC_TIMEOUT if atomic else 10)
        problems = [
            *_naming_problems(release, chart),
            *_waiting_problems(wait=wait, atomic=atomic, minutes=minutes),
            *_values_problems(values),
        ]
        if problems:
            raise ValueError(
                f"{self.node.path}: release {release}\n"
                + "\n".join(f"  {problem}" for problem in problems)
            )

        source: dict[str, Any] = (
            {"chart_asset": chart.asset(self, "Files")}
            if isinstance(chart, LocalChart)
            else {"chart": chart.name, "version": chart.version, "repository": chart.repository}
        )
        self.chart = eks.HelmChart(
            self,
            "Chart",
            **source,
            cluster=cluster,
            release=release,
            namespace=namespace,
            create_namespace=False,
            values=dict(values),
            wait=wait,
            atomic=atomic,
            timeout=durations.minutes(minutes),
        )
        if after:
            self.node.add_dependency(*after)
        self.release = release
        self.namespace = namespace


class Placement(TypedDict):
    """Place of a release in the cluster and in the order of deployment.

    Attributes:
        cluster: cluster with a kubectl provider.
        after: constructs that must be deployed before.
    """

    cluster: eks.ICluster
    after: NotRequired[Sequence[IDependable]]


class ChartRelease(Construct):
    """Base class of constructs that consist of one release.

    Creates the `HelmRelease` from the same arguments.

    Example:
        ChartRelease(self, "Metrics", chart=versions.RELOADER, release="metrics",
                     namespace="metrics", values={}, wait=True, cluster=cluster)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        chart: Chart | LocalChart,
        release: str,
        namespace: str,
        values: Mapping[str, object],
        wait: bool,
        atomic: bool = False,
        minutes: int | None = None,
        **placement: Unpack[Placement],
    ) -> None:
        super().__init__(scope, construct_id)
        self.release = HelmRelease(
            self,
            "Release",
            chart=chart,
            release=release,
            namespace=namespace,
            values=values,
            wait=wait,
            atomic=atomic,
            minutes=minutes,
            **placement,
        )


def _naming_problems(release: str, chart: Chart | LocalChart) -> Iterator[str]:
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", release) or len(release) > LONGEST_NAME:
        yield (
            f"{release!r} is not a release name. "
            f"Use at most {LONGEST_NAME} lower-case letters, digits and dashes."
        )
    if isinstance(chart, LocalChart):
        if not (chart.path / "Chart.yaml").is_file():
            yield f"{chart.path} has no Chart.yaml. Use the folder of a chart."
    elif (
        chart.repository.startswith("oci://") and chart.repository.rpartition("/")[2] != chart.name
    ):
        yield (
            f"{chart.repository} does not end with the chart's name. "
            f"Use the address of the chart itself: oci://…/{chart.name}."
        )


def _waiting_problems(*, wait: bool, atomic: bool, minutes: int) -> Iterator[str]:
    if atomic and not wait:
        yield "atomic without wait does not detect failing pods. Set wait as well."
    if atomic and minutes > LONGEST_ATOMIC_TIMEOUT:
        yield (
            f"a timeout of {minutes} minutes and an equally long rollback exceed that of Helm's "
            f"function. Use at most {LONGEST_ATOMIC_TIMEOUT} minutes with atomic."
        )
    if minutes > LONGEST_TIMEOUT:
        yield (
            f"a timeout of {minutes} minutes exceeds that of Helm's function. "
            f"Use at most {LONGEST_TIMEOUT} minutes."
        )


def _values_problems(values: Mapping[str, object]) -> Iterator[str]:
    for path in _nones(values, "values"):
        yield f"{path} is None, which jsii drops. Omit the key, or use the chart's own empty value."
    size = len(json.dumps(values, default=str).encode())
    if size > LARGEST_VALUES:
        yield (
            f"values of {size} bytes exceed the limit of an event. "
            f"Keep them below {LARGEST_VALUES}, for example with a local chart."
        )


def _nones(value: object, path: str) -> Iterator[str]:
    if value is None:
        yield path
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _nones(item, f"{path}.{key}")
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            yield from _nones(item, f"{path}[{index}]")
