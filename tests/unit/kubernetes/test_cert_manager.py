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


def test_cert_manager_release_waits(release: Json) -> None:
    assert release["Wait"] is True


def test_cert_manager_keeps_crds(values: Json) -> None:
    assert values["crds"] == {"enabled": True, "keep": True}


def test_cert_manager_components_have_two_pods(values: Json) -> None:
    for part in parts(values):
        assert part["replicaCount"] == 2
        assert part["podDisruptionBudget"] == {"enabled": True, "maxUnavailable": 1}
        assert part["topologySpreadConstraints"][0]["whenUnsatisfiable"] == "DoNotSchedule"
        assert part["resources"]["limits"]["memory"]


def test_cert_manager_images_use_own_registry(values: Json) -> None:
    images = [part["image"] for part in [*parts(values), values["acmesolver"], values["startupapicheck"]]]
    assert {image["tag"] for image in images} == {versions.CERT_MANAGER.version}
    assert all(image["repository"].startswith(f"{REGISTRY}/") for image in images)


def test_cert_manager_has_service_monitor(values: Json) -> None:
    assert values["prometheus"]["servicemonitor"]["enabled"] is True


def test_cert_manager_containers_are_read_only(values: Json) -> None:
    for part in [*parts(values), values["startupapicheck"]]:
        assert part["containerSecurityContext"] == READ_ONLY_CONTAINER
