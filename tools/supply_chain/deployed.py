"""Deployed components from `versions.py` and the environments.

They are charts, images, add-ons, engines, runtimes and layers.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import yaml
from packageurl import PackageURL

from spotmusic_cdk import versions
from spotmusic_cdk.settings import Settings
from tools.supply_chain.lifecycle import support_of
from tools.supply_chain.part import Kind, Part

Version = TypeVar("Version", str, tuple[str, str])
_IMAGE = re.compile(r"(?P<host>[^/]+)/(?:(?P<namespace>.+)/)?(?P<name>[^/:]+):(?P<tag>.+)")


def own_charts(root: Path) -> Iterator[Part]:
    """Yield the charts of this project."""
    for file in sorted((root / "charts").glob("*/Chart.yaml")):
        chart = yaml.safe_load(file.read_text())
        name, version = chart["name"], chart["version"]
        purl = PackageURL("helm", namespace="spotmusic", name=name, version=version)
        yield Part(Kind.OWN_CHART, name, version, purl, source=f"charts/{file.parent.name}")


def charts() -> Iterator[Part]:
    """Yield the pinned charts of repositories."""
    for chart in sorted(versions.charts(), key=lambda chart: chart.name):
        yield Part(Kind.CHART, chart.name, chart.version, chart_purl(chart), source=chart.source)


def chart_purl(chart: versions.Chart) -> PackageURL:
    """Return the package URL of a chart."""
    return PackageURL(
        "helm",
        name=chart.name,
        version=chart.version,
        qualifiers={"repository_url": chart.repository},
    )


def images() -> Iterator[Part]:
    """Yield the pinned container images."""
    for image in versions.images():
        purl = image_purl(image)
        name = "/".join(filter(None, (purl.namespace, purl.name)))
        yield Part(Kind.IMAGE, name, str(purl.version), purl, source=support_of(image).source)


def image_purl(image: str) -> PackageURL:
    """Return the package URL of an image; without a registry it means Docker Hub."""
    parts = _IMAGE.fullmatch(image)
    if parts is None:
        raise ValueError(f"{image} is not registry/name:tag. Write all three parts.")
    host = None if parts["host"] == "docker.io" else {"repository_url": parts["host"]}
    return PackageURL(
        "docker",
        namespace=parts["namespace"],
        name=parts["name"],
        version=parts["tag"],
        qualifiers=host,
    )


def services_of_aws(environments: Sequence[Settings]) -> Iterator[Part]:
    """Yield AWS services with a selected version."""
    everywhere = tuple(sorted(settings.name for settings in environments))
    yield _aws(Kind.ADD_ON, "metrics-server", versions.METRICS_SERVER_ADD_ON, everywhere)
    for version, used_by in by_version(
        (settings.kubernetes.version, settings.name) for settings in environments
    ):
        yield _aws(Kind.KUBERNETES, "kubernetes", version, used_by)
        yield _aws(
            Kind.LAYER, f"kubectl, Helm {versions.KUBERNETES[version].layer.helm}", version, used_by
        )
    for engine, version, used_by in engines(environments):
        yield _aws(Kind.ENGINE, engine, version, used_by)
    for runtime in sorted(versions.LAMBDA_RUNTIMES):
        ((language, version),) = re.findall(r"^([a-z]+)(.+)$", runtime)
        yield _aws(Kind.RUNTIME, language, version, everywhere)


def engines(environments: Iterable[Settings]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield the database engines with their versions and environments."""
    pairs = []
    for settings in environments:
        cache = settings.data.cache
        version = cache.version or versions.DEFAULT_CACHE_VERSION[cache.engine]
        used = [("mysql", database.version) for database in settings.data.databases.values()]
        pairs += [(engine, settings.name) for engine in [*used, (cache.engine, version)]]
    yield from ((*engine, names) for engine, names in by_version(pairs))


def by_version(pairs: Iterable[tuple[Version, str]]) -> Iterator[tuple[Version, tuple[str, ...]]]:
    """Yield each version with its environments, both in order."""
    found: dict[Version, set[str]] = defaultdict(set)
    for version, environment in pairs:
        found[version].add(environment)
    yield from (
        (version, tuple(sorted(environments))) for version, environments in sorted(found.items())
    )


def _aws(kind: Kind, name: str, version: str, used_by: tuple[str, ...]) -> Part:
    service = {
        Kind.ADD_ON: "amazon-eks-add-on",
        Kind.KUBERNETES: "amazon-eks",
        Kind.LAYER: "aws-lambda-layer",
        Kind.ENGINE: "amazon-rds" if name == "mysql" else "amazon-elasticache",
        Kind.RUNTIME: "aws-lambda-runtime",
    }[kind]
    purl = PackageURL("generic", namespace=service, name=name.partition(",")[0], version=version)
    return Part(kind, name, version, purl, source=service, used_by=used_by)
