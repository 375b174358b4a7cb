"""The rules of pods on what charts of repositories really render, where these are at hand.

On what our values make of them, everywhere, the same checks are properties 97 and 99 to 103, in tests/properties.
"""

from tests.charts import excused, pods
from tests.conftest import settings_of
from tests.model.cluster import RenderedCluster


def test_pods_keep_to_the_restricted_standard(whole: RenderedCluster) -> None:
    assert pods.unexcused(pods.unrestricted(whole), excused.UNRESTRICTED) == []


def test_containers_write_to_their_volumes_only(whole: RenderedCluster) -> None:
    assert pods.unexcused(pods.writable(whole), excused.WRITABLE) == []


def test_containers_ask_for_what_they_need_and_have_a_limit_of_memory(whole: RenderedCluster) -> None:
    assert list(pods.unlimited(whole)) == []


def test_services_say_whether_they_are_ready(whole: RenderedCluster) -> None:
    assert pods.unexcused(pods.unprobed(whole), excused.UNPROBED) == []


def test_images_are_exact_and_come_through_our_registry(whole: RenderedCluster) -> None:
    assert list(pods.images(whole, uncached(whole.environment))) == []


def uncached(environment: str) -> list[str]:
    """Registries that ask for credentials which the environment does not have; synthesis warns of each."""
    registry = settings_of(environment).registry
    given = {"docker.io": registry.docker_hub_credentials, "ghcr.io": registry.github_credentials}
    return [host for host, credentials in given.items() if credentials is None]


def test_only_what_reads_its_node_gets_at_it(whole: RenderedCluster) -> None:
    assert pods.unexcused(pods.on_the_host(whole), excused.ON_THE_HOST) == []


def test_only_pods_that_need_the_api_hold_a_token(whole: RenderedCluster) -> None:
    assert pods.unexcused(pods.tokens(whole), excused.NEED_THE_API) == []


def test_nobody_has_every_right(whole: RenderedCluster) -> None:
    assert pods.unexcused(pods.wide_rights(whole), excused.WIDE) == []


def test_no_service_opens_a_way_past_the_load_balancers(whole: RenderedCluster) -> None:
    assert list(pods.open_services(whole)) == []


def test_a_disruption_takes_one_pod_of_each_component(whole: RenderedCluster) -> None:
    assert list(pods.budgets(whole)) == []


def test_the_loss_of_a_zone_leaves_replicas(whole: RenderedCluster) -> None:
    assert list(pods.crowded(whole)) == []


def test_what_is_made_goes_into_namespaces_that_the_ground_makes(whole: RenderedCluster) -> None:
    """`kube-system` is the cluster's own: the ground is laid from there."""
    placed = {manifest["metadata"].get("namespace", "kube-system") for _, manifest in whole.everything()}
    assert placed <= {*pods.namespaces(whole), "kube-system"}
