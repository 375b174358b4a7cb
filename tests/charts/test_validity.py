"""Rendered manifests against the schemas of every offered Kubernetes version."""

import json
import subprocess
from collections.abc import Callable, Iterator

import pytest

from spotmusic_cdk import versions
from tests.charts import validation
from tools.model.cluster import Release, RenderedCluster, own
from tools.model.values import Json
from tools.supply_chain.kubectl_layer import program

KUBERNETES = sorted(versions.KUBERNETES)


def ours(platform: RenderedCluster) -> Iterator[Release]:
    return (release for release in platform.releases.values() if release.folder)


def of_version(release: Release, kubernetes: str) -> Json:
    """Return the values for another Kubernetes version. Only `ground` has one."""
    return {
        **release.values,
        **({"kubernetesVersion": kubernetes} if "kubernetesVersion" in release.values else {}),
    }


@pytest.fixture(scope="module", params=KUBERNETES)
def kubernetes(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def manifests(known: RenderedCluster, kubernetes: str) -> list[Json]:
    """Manifests of own charts, rendered by the Helm of that version's layer."""
    return [
        manifest
        for release in ours(known)
        for manifest in (
            known.manifests[release.name]
            if kubernetes == known.settings_version
            else own(release, kubernetes, of_version(release, kubernetes))
        )
    ]


def test_own_charts_match_kubernetes_schemas(manifests: list[Json], kubernetes: str) -> None:
    assert len(manifests) > 50
    assert validation.errors(manifests, kubernetes) == []


def test_own_charts_have_no_duplicates(manifests: list[Json]) -> None:
    assert validation.doubles(manifests) == []


def test_own_custom_resources_match_definitions(known: RenderedCluster) -> None:
    problems = validation.custom_errors(
        manifest for release in ours(known) for manifest in known.manifests[release.name]
    )
    assert problems == []


def test_helm_lint_accepts_own_charts(known: RenderedCluster) -> None:
    complaints = {
        release.name: complaint
        for release in ours(known)
        if (complaint := lint(release, release.values))
    }
    assert complaints == {}


def test_own_charts_reject_unknown_values(deployed: Callable[[str], RenderedCluster]) -> None:
    """Each chart has a closed schema, which rejects misspelt values."""
    for release in {release.chart: release for release in ours(deployed("prod"))}.values():
        assert "misspelt" in lint(release, {**release.values, "misspelt": True}), release


def lint(release: Release, values: Json) -> str:
    """Return errors of `helm lint` for a chart with the values of its release."""
    command = [
        str(program("helm")),
        "lint",
        "--strict",
        "--quiet",
        str(release.folder),
        "--values",
        "-",
    ]
    command += ["--namespace", release.namespace]
    done = subprocess.run(
        command, input=json.dumps(values), capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr if done.returncode else ""


def test_rendered_releases_match_kubernetes_schemas(whole: RenderedCluster) -> None:
    """Upstream charts, with archives."""
    foreign = [
        m
        for release in whole.releases.values()
        if not release.folder
        for m in whole.manifests[release.name]
    ]
    assert validation.errors(foreign, whole.settings_version) == []
    assert validation.doubles(foreign) == []


def test_rendered_custom_resources_match_definitions(whole: RenderedCluster) -> None:
    problems = validation.custom_errors(
        m for release in whole.releases.values() for m in whole.manifests[release.name]
    )
    assert problems == []
