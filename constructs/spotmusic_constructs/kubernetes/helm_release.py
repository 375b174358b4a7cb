"""A Helm release on the cluster, with the rules that a release in CloudFormation needs."""

import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NotRequired, Protocol, TypedDict, Unpack

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_s3_assets as assets
from constructs import Construct, IConstruct

LONGEST_TIMEOUT = 13
"""Minutes. Helm must give up before the function that runs it, which has 15 minutes: a killed Helm leaves the release pending."""
LONGEST_ATOMIC_TIMEOUT = 7
"""Minutes. A rollback takes as long as what it undoes, in the same run of the function; a minute is left to start and fetch the chart."""
LARGEST_VALUES = 100_000
"""Bytes of values: an update carries the old and the new ones in one event, which AWS Lambda limits to 256 kB."""
LONGEST_NAME = 53
"""Letters of a release name, Helm's limit."""


class Chart(Protocol):
    """A chart in a repository, at one exact version.

    Attributes:
        name: name of the chart.
        version: exact version.
        repository: address of the chart repository, or of the chart itself when it starts with oci://.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def version(self) -> str: ...  # noqa: D102

    @property
    def repository(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, kw_only=True)
class LocalChart:
    """A chart of our own, deployed as an asset.

    Args:
        path: folder with its Chart.yaml.
        files: text of generated files, by their path in the chart.
    """

    path: Path
    files: Mapping[str, str] = field(default_factory=dict)

    def asset(self, scope: Construct, construct_id: str) -> assets.Asset:
        """Create the asset of the chart, generated files included."""
        if not self.files:
            return assets.Asset(scope, construct_id, path=str(self.path))
        with TemporaryDirectory() as folder:
            # CDK copies the folder into the assembly, and its hash depends on nothing but the files.
            chart = Path(folder) / self.path.name
            shutil.copytree(self.path, chart)
            for name, text in self.files.items():
                file = chart / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            return assets.Asset(scope, construct_id, path=str(chart))


class HelmRelease(Construct):
    """One release of a chart, whose name, namespace and version are always written down.

    Creates the custom resource that runs `helm upgrade --install`. Releases run at the same time unless one comes `after`
    another. A changed release name or namespace installs a second release and leaves the first one behind.

    Args:
        cluster: cluster with a kubectl provider.
        chart: chart of a repository, or one of our own.
        release: name of the release, DNS-1123, 53 letters at the most.
        namespace: existing namespace; releases create none, because a namespace must have its policies first.
        values: values of the chart. Python's `None` may not stand in them: it would vanish on its way to CloudFormation.
        wait: whether the release is done only when its pods, and with Helm 4 its custom resources, are ready.
        atomic: whether a failed upgrade is rolled back. Only for stateless charts that wait: the immutable fields of a
            StatefulSet cannot be rolled back.
        timeout: time that Helm waits, 13 minutes at the most, because its function ends after 15; 7 with a rollback, which may take as
            long again. Left out, it is 10 minutes, or 7.
        after: constructs that must be deployed before.

    Raises:
        ValueError: when one of these rules is broken; the message says which and what to do.

    Example:
        HelmRelease(self, "CertManager", cluster=cluster, chart=versions.CERT_MANAGER, release="cert-manager",
                    namespace="cert-manager", values={"crds": {"enabled": True}}, wait=True, after=[ground])
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
        timeout: cdk.Duration | None = None,
        after: Sequence[IConstruct] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        timeout = timeout or cdk.Duration.minutes(LONGEST_ATOMIC_TIMEOUT if atomic else 10)
        problems = [
            *_naming_problems(release, chart),
            *_waiting_problems(wait=wait, atomic=atomic, timeout=timeout),
            *_values_problems(values),
        ]
        if problems:
            raise ValueError(f"{self.node.path}: release {release}\n" + "\n".join(f"  {problem}" for problem in problems))

        own = chart if isinstance(chart, LocalChart) else None
        public = chart if not isinstance(chart, LocalChart) else None
        self.chart = eks.HelmChart(
            self,
            "Chart",
            cluster=cluster,
            chart=public.name if public else None,
            version=public.version if public else None,
            repository=public.repository if public else None,
            chart_asset=own.asset(self, "Files") if own else None,
            release=release,
            namespace=namespace,
            create_namespace=False,
            values=dict(values),
            wait=wait,
            atomic=atomic,
            timeout=timeout,
        )
        if after:
            self.node.add_dependency(*after)
        self.release = release
        self.namespace = namespace


class Placement(TypedDict):
    """Place of a release in the cluster and in the order of deployment.

    Args:
        cluster: cluster with a kubectl provider.
        after: constructs that must be deployed before.
    """

    cluster: eks.ICluster
    after: NotRequired[Sequence[IConstruct]]


class ChartRelease(Construct):
    """A construct that is one release of a chart.

    Creates the `HelmRelease`, which has the same arguments. The constructs of single charts inherit from it.

    Example:
        ChartRelease(self, "Metrics", chart=chart, release="metrics", namespace="metrics", values={}, wait=True, cluster=cluster)
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
        timeout: cdk.Duration | None = None,
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
            timeout=timeout,
            **placement,
        )


def _naming_problems(release: str, chart: Chart | LocalChart) -> Iterator[str]:
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", release) or len(release) > LONGEST_NAME:
        yield f"{release!r} is not a release name. Use lower-case letters, digits and dashes, {LONGEST_NAME} at the most."
    if isinstance(chart, LocalChart):
        if not (chart.path / "Chart.yaml").is_file():
            yield f"{chart.path} has no Chart.yaml. Give the folder of a chart."
    elif chart.repository.startswith("oci://") and chart.repository.rpartition("/")[2] != chart.name:
        yield f"{chart.repository} does not end with the chart's name. Give the address of the chart itself: oci://…/{chart.name}."


def _waiting_problems(*, wait: bool, atomic: bool, timeout: cdk.Duration) -> Iterator[str]:
    if atomic and not wait:
        yield "atomic without wait would roll back nothing that fails later. Set wait as well."
    if atomic and timeout.to_seconds() > LONGEST_ATOMIC_TIMEOUT * 60:
        yield (
            f"a timeout of {timeout.to_human_string()} and as long a rollback outlive the function that runs Helm. "
            f"Use {LONGEST_ATOMIC_TIMEOUT} minutes at the most with atomic."
        )
    if timeout.to_seconds() > LONGEST_TIMEOUT * 60:
        yield f"a timeout of {timeout.to_human_string()} outlives the function that runs Helm. Use {LONGEST_TIMEOUT} minutes at the most."


def _values_problems(values: Mapping[str, object]) -> Iterator[str]:
    for path in _nones(values, "values"):
        yield f"{path} is None, which would vanish on its way to CloudFormation. Leave the key out, or write what the chart means by none."
    size = len(json.dumps(values, default=str).encode())
    if size > LARGEST_VALUES:
        yield f"values of {size} bytes do not fit into an event. Keep them below {LARGEST_VALUES}, for example in a chart of our own."


def _nones(value: object, path: str) -> Iterator[str]:
    if value is None:
        yield path
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _nones(item, f"{path}.{key}")
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            yield from _nones(item, f"{path}[{index}]")
