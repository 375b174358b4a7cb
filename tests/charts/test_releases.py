"""The rules of releases (property 95) on what charts render, and the order in which they come."""

from collections.abc import Callable

from tests.charts import order
from tests.model.cluster import RenderedCluster


def test_every_release_keeps_the_rules(whole: RenderedCluster) -> None:
    assert order.rule_findings(whole) == []


def test_no_release_comes_before_what_it_needs(platform: RenderedCluster) -> None:
    assert order.findings(platform) == []


def test_ordered_charts_are_all_deployed(deployed: Callable[[str], RenderedCluster], environment: str) -> None:
    """An order of charts that nobody releases would hold for nothing."""
    assert order.NEEDS.keys() <= {release.chart for release in deployed(environment).releases.values()}


def test_nothing_is_made_by_two_releases(platform: RenderedCluster) -> None:
    assert order.shared(platform) == []


def test_releases_that_wait_have_time_for_what_they_wait_for(deployed: Callable[[str], RenderedCluster], environment: str) -> None:
    """A stateful set starts one pod after another, each on a node that may have to be made."""
    for release in deployed(environment).releases.values():
        if release.properties.get("Wait") and any(m["kind"] == "RabbitmqCluster" for m in deployed(environment).manifests[release.name]):
            assert int(release.properties["Timeout"].removesuffix("s")) >= 600
