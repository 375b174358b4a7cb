"""Every chart renders with the Helm that deploys it, for every version of Kubernetes on offer, and the API server would take the result."""

import json
import subprocess
from collections.abc import Callable, Iterator

import pytest

from spotmusic_cdk import versions
from tests.charts import validation
from tests.helm_values import helm_of
from tests.model.cluster import Release, RenderedCluster, own
from tests.model.values import Json

KUBERNETES = sorted(versions.KUBERNETES)


def ours(platform: RenderedCluster) -> Iterator[Release]:
    return (release for release in platform.releases.values() if release.folder)


def of_version(release: Release, kubernetes: str) -> Json:
    """The values that a cluster of another version would have: only the ground is told which."""
    return {**release.values, **({"kubernetesVersion": kubernetes} if "kubernetesVersion" in release.values else {})}


@pytest.fixture(scope="module", params=KUBERNETES)
def kubernetes(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def manifests(deployed: Callable[[str], RenderedCluster], environment: str, kubernetes: str) -> list[Json]:
    """Everything of our own charts, as the Helm of that version's layer renders it."""
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


def test_our_charts_are_what_a_version_of_kubernetes_takes(manifests: list[Json], kubernetes: str) -> None:
    assert len(manifests) > 50
    assert validation.errors(manifests, kubernetes) == []


def test_our_charts_say_nothing_twice(manifests: list[Json]) -> None:
    assert validation.doubles(manifests) == []


def test_our_custom_resources_are_what_their_definitions_take(deployed: Callable[[str], RenderedCluster], environment: str) -> None:
    platform = deployed(environment)
    assert validation.custom_errors(manifest for release in ours(platform) for manifest in platform.manifests[release.name]) == []


def test_helm_finds_nothing_to_complain_about(deployed: Callable[[str], RenderedCluster], environment: str) -> None:
    complaints = {release.name: complaint for release in ours(deployed(environment)) if (complaint := lint(release, release.values))}
    assert complaints == {}


def test_a_word_that_a_chart_of_ours_does_not_know_is_refused(deployed: Callable[[str], RenderedCluster]) -> None:
    """Once for each chart: a closed schema is what keeps a misspelt value from being ignored."""
    for release in {release.chart: release for release in ours(deployed("prod"))}.values():
        assert "misspelt" in lint(release, {**release.values, "misspelt": True}), release


def lint(release: Release, values: Json) -> str:
    """Returns what Helm says against a chart with the values of its release; nothing when it is content."""
    command = [str(helm_of("1.36")), "lint", "--strict", "--quiet", str(release.folder), "--values", "-"]
    command += ["--namespace", release.namespace]
    done = subprocess.run(command, input=json.dumps(values), capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def test_every_release_is_taken_by_the_cluster(rendered: Callable[[str], RenderedCluster], environment: str) -> None:
    """The charts of repositories as well, where they are at hand."""
    platform = rendered(environment)
    foreign = [m for release in platform.releases.values() if not release.folder for m in platform.manifests[release.name]]
    assert validation.errors(foreign, platform.settings_version) == []
    assert validation.doubles(foreign) == []


def test_every_custom_resource_is_what_its_definition_takes(rendered: Callable[[str], RenderedCluster], environment: str) -> None:
    platform = rendered(environment)
    assert validation.custom_errors(m for release in platform.releases.values() for m in platform.manifests[release.name]) == []
