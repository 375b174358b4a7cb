"""Upstream charts from archives that `make charts` pulls."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tools.model.cluster import Release, RenderedCluster, archive, chart_folder, in_namespace
from tools.model.helm import manifests_in, render
from tools.model.values import Json
from tools.supply_chain.kubectl_layer import program

PROMETHEUS = ("monitoring.coreos.com/v1",)
CERT_MANAGER = ("cert-manager.io/v1",)


def archive_of(release: Release) -> Path:
    """Return the archive of a release's chart, or skip the test."""
    name, version = release.chart, release.properties["Version"]
    found = archive(name, version)
    if found is None:
        pytest.skip(
            f"{name} {version} is not in {chart_folder() or '.charts'}: "
            "`make charts` pulls it, or SPOTMUSIC_CHARTS names its folder"
        )
    return found


def manifests_of(
    release: Release,
    *,
    values: Json | None = None,
    apis: tuple[str, ...] = PROMETHEUS + CERT_MANAGER,
    kubernetes: str = "1.36",
) -> list[Json]:
    """Return the rendered manifests of an upstream chart with their namespaces."""
    chart = archive_of(release)
    found = render(
        chart,
        release.name,
        release.namespace,
        values or release.values,
        apis=apis,
        kubernetes=kubernetes,
    )
    return [in_namespace(manifest, release.namespace) for manifest in found]


def definitions_of(release: Release) -> list[Json]:
    """Return the definitions of a chart's folder `crds`, which Helm installs without rendering."""
    command = [str(program("helm")), "show", "crds", str(archive_of(release))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return manifests_in(done.stdout)


def complete(platform: RenderedCluster) -> RenderedCluster:
    """Return the cluster with every chart rendered."""
    foreign = [release for release in platform.releases.values() if release.folder is None]
    for release in foreign:
        archive_of(release)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found: dict[str, list[Any]] = dict(
            zip([release.name for release in foreign], pool.map(manifests_of, foreign), strict=True)
        )
    return replace(platform, manifests={**platform.manifests, **found}, whole=True)
