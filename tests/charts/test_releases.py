"""The rules of releases (property 95) on what charts render, and the order in which they come."""

from collections.abc import Callable

from tests.charts import order
from tests.model.cluster import RenderedCluster


def test_every_release_keeps_the_rules(whole: RenderedCluster) -> None:
    assert order.rule_findings(whole) == []


def test_no_release_comes_before_what_it_needs(platform: RenderedCluster) -> None:
    assert order.findings(platform) == []


def test_the_waves_of_the_design_are_all_there(deployed: Callable[[str], RenderedCluster], environment: str) -> None:
    """A chart of the design that nobody releases would be forgotten by every other check."""
    deployed_charts = {release.chart for release in deployed(environment).releases.values()}
    assert frozenset().union(*order.WAVES) <= deployed_charts
    earlier: set[str] = set()
    for wave in order.WAVES:
        assert all(order.NEEDS.get(chart, frozenset()) <= earlier for chart in wave)
        earlier |= wave


def test_nothing_is_made_by_two_releases(platform: RenderedCluster) -> None:
    assert order.shared(platform) == []


def test_releases_that_wait_have_time_for_what_they_wait_for(deployed: Callable[[str], RenderedCluster], environment: str) -> None:
    """A stateful set starts one pod after another, each on a node that may have to be made."""
    for release in deployed(environment).releases.values():
        if release.properties.get("Wait") and any(m["kind"] == "RabbitmqCluster" for m in deployed(environment).manifests[release.name]):
            assert int(release.properties["Timeout"].removesuffix("s")) >= 600
