"""The rules of pods on what charts of repositories really render, where these are at hand.

On what our values make of them, everywhere, the same checks are properties 97 and 99 to 103, in tests/properties.
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


def test_images_are_exact_and_come_through_our_registry(whole: RenderedCluster) -> None:
    assert list(pods.images(whole, uncached(whole.environment))) == []


def uncached(environment: str) -> list[str]:
    """Registries that ask for credentials which the environment does not have; synthesis warns of each."""
    registry = settings_of(environment).registry
    given = {"docker.io": registry.docker_hub_credentials, "ghcr.io": registry.github_credentials}
    return [host for host, credentials in given.items() if credentials is None]


def test_what_is_made_goes_into_namespaces_that_the_ground_makes(whole: RenderedCluster) -> None:
    """`kube-system` is the cluster's own: the ground is laid from there."""
    placed = {manifest["metadata"].get("namespace", "kube-system") for _, manifest in whole.everything()}
    assert placed <= {*pods.namespaces(whole), "kube-system"}
