"""Rules of rendered releases (property 95) and their order."""

from collections.abc import Callable

from tests.charts import order
from tests.model.cluster import RenderedCluster


def test_rendered_releases_follow_the_rules(whole: RenderedCluster) -> None:
    assert order.rule_findings(whole) == []


def test_releases_follow_their_dependencies(platform: RenderedCluster) -> None:
    assert order.findings(platform) == []


def test_ordered_charts_are_all_deployed(deployed: Callable[[str], RenderedCluster], environment: str) -> None:
    """An order of charts without a release checks nothing."""
    assert order.NEEDS.keys() <= {release.chart for release in deployed(environment).releases.values()}


def test_objects_belong_to_one_release(platform: RenderedCluster) -> None:
    assert order.shared(platform) == []


def test_waiting_releases_have_sufficient_timeouts(deployed: Callable[[str], RenderedCluster], environment: str) -> None:
    """A StatefulSet starts its pods one by one, each on a node that may be new."""
    for release in deployed(environment).releases.values():
        if release.properties.get("Wait") and any(m["kind"] == "RabbitmqCluster" for m in deployed(environment).manifests[release.name]):
            assert int(release.properties["Timeout"].removesuffix("s")) >= 600
