"""Rules of pods on rendered upstream charts; skipped without archives.

Properties 97 and 99 to 103 apply the same rules to the expected pods.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.charts import excused, pods
from tests.conftest import settings_of
from tests.model.cluster import RenderedCluster

CHECKS: dict[Callable[[RenderedCluster], Iterator[str]], dict[str, str]] = {
    pods.unrestricted: excused.UNRESTRICTED,
    pods.writable: excused.WRITABLE,
    pods.unlimited: {},
    pods.unprobed: excused.UNPROBED,
    pods.on_the_host: excused.ON_THE_HOST,
    pods.tokens: excused.NEED_THE_API,
    pods.wide_rights: excused.WIDE,
    pods.open_services: {},
    pods.budgets: {},
    pods.crowded: {},
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_rendered_pods_keep_the_rules(whole: RenderedCluster, check: Callable[[RenderedCluster], Iterator[str]]) -> None:
    assert pods.unexcused(check(whole), CHECKS[check]) == []


def test_images_are_exact_and_cached(whole: RenderedCluster) -> None:
    assert list(pods.images(whole, uncached(whole.environment))) == []


def uncached(environment: str) -> list[str]:
    """Return registries without credentials in the environment; synthesis warns of each."""
    registry = settings_of(environment).registry
    given = {"docker.io": registry.docker_hub_credentials, "ghcr.io": registry.github_credentials}
    return [host for host, credentials in given.items() if credentials is None]


def test_objects_use_declared_namespaces(whole: RenderedCluster) -> None:
    """The release `ground` is in `kube-system`, which Kubernetes creates."""
    placed = {manifest["metadata"].get("namespace", "kube-system") for _, manifest in whole.everything()}
    assert placed <= {*pods.namespaces(whole), "kube-system"}
