import pytest

from spotmusic_cdk import versions
from spotmusic_constructs.kubernetes.cert_manager import CertManager
from spotmusic_constructs.kubernetes.pod import READ_ONLY_CONTAINER
from tests.conftest import new_stack
from tests.helm_values import REGISTRY, Images, cluster_in, releases
from tests.model.values import Json


@pytest.fixture(scope="module")
def release() -> Json:
    stack = new_stack()
    CertManager(stack, "CertManager", cluster=cluster_in(stack), chart=versions.CERT_MANAGER, images=Images())
    return releases(stack)["cert-manager"]


@pytest.fixture(scope="module")
def values(release: Json) -> Json:
    return dict(release["Values"])


def parts(values: Json) -> list[Json]:
    return [values, values["webhook"], values["cainjector"]]


def test_it_waits_because_issuers_need_its_webhook(release: Json) -> None:
    assert release["Wait"] is True


def test_certificates_outlive_the_release(values: Json) -> None:
    assert values["crds"] == {"enabled": True, "keep": True}


def test_every_part_has_two_pods_in_two_zones_of_which_one_may_go(values: Json) -> None:
    for part in parts(values):
        assert part["replicaCount"] == 2
        assert part["podDisruptionBudget"] == {"enabled": True, "maxUnavailable": 1}
        assert part["topologySpreadConstraints"][0]["whenUnsatisfiable"] == "DoNotSchedule"
        assert part["resources"]["limits"]["memory"]


def test_all_five_images_come_from_our_registry_at_the_charts_version(values: Json) -> None:
    images = [part["image"] for part in [*parts(values), values["acmesolver"], values["startupapicheck"]]]
    assert {image["tag"] for image in images} == {versions.CERT_MANAGER.version}
    assert all(image["repository"].startswith(f"{REGISTRY}/") for image in images)


def test_its_metrics_are_scraped(values: Json) -> None:
    assert values["prometheus"]["servicemonitor"]["enabled"] is True


def test_every_part_is_told_to_write_nowhere_and_to_be_nobody(values: Json) -> None:
    for part in [*parts(values), values["startupapicheck"]]:
        assert part["containerSecurityContext"] == READ_ONLY_CONTAINER
