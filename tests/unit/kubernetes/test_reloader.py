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


def test_it_reads_secrets_of_the_namespaces_given_and_of_no_other(values: Json) -> None:
    assert (values["watchGlobally"], values["namespaces"]) == (False, ["keycloak", "kong"])
    assert values["ignoreConfigMaps"] is True


def test_it_touches_only_what_asks_for_it(values: Json) -> None:
    assert "autoReloadAll" not in values


def test_what_changed_while_it_was_away_is_made_up_for(values: Json) -> None:
    assert values["reloadOnCreate"] is values["syncAfterRestart"] is True


def test_two_pods_in_two_zones_of_which_one_works_and_one_may_go(values: Json) -> None:
    assert (values["enableHA"], values["deployment"]["replicas"]) == (True, 2)
    assert values["podDisruptionBudget"] == {"enabled": True, "maxUnavailable": 1}
    assert values["deployment"]["topologySpreadConstraints"][0]["whenUnsatisfiable"] == "DoNotSchedule"


def test_its_pods_keep_to_the_restricted_standard(values: Json) -> None:
    assert values["readOnlyRootFileSystem"] is True
    assert values["deployment"]["containerSecurityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert values["deployment"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}


def test_its_image_comes_from_our_registry(release: Json) -> None:
    assert release["Values"]["image"]["repository"].startswith(f"{REGISTRY}/")


def test_a_release_that_fails_is_taken_back(release: Json) -> None:
    assert release["Wait"] is release["Atomic"] is True
