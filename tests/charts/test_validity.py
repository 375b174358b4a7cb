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
def manifests(
    deployed: Callable[[str], RenderedCluster], environment: str, kubernetes: str
) -> list[Json]:
    """Manifests of own charts, rendered by the Helm of that version's layer."""
    default = deployed(environment).settings_version
    return [
        manifest
        for release in ours(deployed(environment))
        for manifest in (
            deployed(environment).manifests[release.name]
            if kubernetes == default
            else own(release, kubernetes, of_version(release, kubernetes))
        )
    ]


def test_own_charts_match_kubernetes_schemas(manifests: list[Json], kubernetes: str) -> None:
    assert len(manifests) > 50
    assert validation.errors(manifests, kubernetes) == []


def test_own_charts_have_no_duplicates(manifests: list[Json]) -> None:
    assert validation.doubles(manifests) == []


def test_own_custom_resources_match_definitions(
    deployed: Callable[[str], RenderedCluster], environment: str
) -> None:
    platform = deployed(environment)
    problems = validation.custom_errors(
        manifest for release in ours(platform) for manifest in platform.manifests[release.name]
    )
    assert problems == []


def test_helm_lint_accepts_own_charts(
    deployed: Callable[[str], RenderedCluster], environment: str
) -> None:
    complaints = {
        release.name: complaint
        for release in ours(deployed(environment))
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


def test_rendered_releases_match_kubernetes_schemas(
    rendered: Callable[[str], RenderedCluster], environment: str
) -> None:
    """Upstream charts, with archives."""
    platform = rendered(environment)
    foreign = [
        m
        for release in platform.releases.values()
        if not release.folder
        for m in platform.manifests[release.name]
    ]
    assert validation.errors(foreign, platform.settings_version) == []
    assert validation.doubles(foreign) == []


def test_rendered_custom_resources_match_definitions(
    rendered: Callable[[str], RenderedCluster], environment: str
) -> None:
    platform = rendered(environment)
    problems = validation.custom_errors(
        m for release in platform.releases.values() for m in platform.manifests[release.name]
    )
    assert problems == []
