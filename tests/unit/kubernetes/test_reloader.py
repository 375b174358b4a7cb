import pytest

from spotmusic_cdk import versions
from spotmusic_constructs.kubernetes.reloader import Reloader
from tests.conftest import new_stack
from tests.helm_values import REGISTRY, Images, cluster_in, releases
from tests.model.values import Json


@pytest.fixture(scope="module")
def release() -> Json:
    stack = new_stack()
    Reloader(stack, "Reloader", cluster=cluster_in(stack), chart=versions.RELOADER, images=Images(), watched=["kong", "keycloak"])
    return releases(stack)["reloader"]


@pytest.fixture(scope="module")
def values(release: Json) -> Json:
    return dict(release["Values"]["reloader"])


def test_reloader_watches_given_namespaces_only(values: Json) -> None:
    assert (values["watchGlobally"], values["namespaces"]) == (False, ["keycloak", "kong"])
    assert values["ignoreConfigMaps"] is True


def test_reloader_requires_annotation(values: Json) -> None:
    assert "autoReloadAll" not in values


def test_reloader_catches_up_after_restart(values: Json) -> None:
    assert values["reloadOnCreate"] is values["syncAfterRestart"] is True


def test_reloader_has_two_pods(values: Json) -> None:
    assert (values["enableHA"], values["deployment"]["replicas"]) == (True, 2)
    assert values["podDisruptionBudget"] == {"enabled": True, "maxUnavailable": 1}
    assert values["deployment"]["topologySpreadConstraints"][0]["whenUnsatisfiable"] == "DoNotSchedule"


def test_reloader_pods_are_restricted(values: Json) -> None:
    assert values["readOnlyRootFileSystem"] is True
    assert values["deployment"]["containerSecurityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert values["deployment"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}


def test_reloader_image_uses_own_registry(release: Json) -> None:
    assert release["Values"]["image"]["repository"].startswith(f"{REGISTRY}/")


def test_reloader_release_is_atomic(release: Json) -> None:
    assert release["Wait"] is release["Atomic"] is True
