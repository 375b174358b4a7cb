import aws_cdk as cdk
import pytest

from spotmusic_cdk import versions
from spotmusic_constructs.kubernetes.pod import READ_ONLY_CONTAINER
from spotmusic_constructs.messaging.rabbitmq_operators import RabbitMQOperators
from tests.conftest import new_stack
from tests.helm_values import REGISTRY, Images, cluster_in, releases
from tests.model.values import Json

OPERATORS = ("clusterOperator", "msgTopologyOperator")


@pytest.fixture(scope="module")
def release() -> Json:
    stack: cdk.Stack = new_stack()
    RabbitMQOperators(stack, "Operators", cluster=cluster_in(stack), chart=versions.RABBITMQ_OPERATORS, images=Images())
    return releases(stack)["rabbitmq-operators"]


@pytest.fixture(scope="module")
def values(release: Json) -> Json:
    return dict(release["Values"])


def test_the_release_waits_because_users_and_queues_need_its_webhook(release: Json) -> None:
    assert release["Wait"] is True
    assert release["Namespace"] == "rabbitmq"


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operator_has_two_pods_of_which_one_may_go(values: Json, operator: str) -> None:
    assert values[operator]["replicaCount"] == 2
    assert values[operator]["pdb"] == {"create": True, "maxUnavailable": "1"}


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operator_watches_its_own_namespace_only(values: Json, operator: str) -> None:
    assert values[operator]["watchAllNamespaces"] is False
    assert values[operator]["watchNamespaces"] == ["rabbitmq"]


@pytest.mark.parametrize("operator", OPERATORS)
def test_policies_come_from_the_table_of_flows_alone(values: Json, operator: str) -> None:
    assert values[operator]["networkPolicy"] == {"enabled": False}


def test_topology_operator_serves_metrics_without_a_login(values: Json) -> None:
    """Its monitor of the chart sends no token: with the chart's `secure` each scrape ends with 401."""
    assert values["msgTopologyOperator"]["metrics"] == {"podMonitor": {"enabled": True}, "secure": False}


def test_the_topology_operator_trusts_our_authority_and_sees_no_key(values: Json) -> None:
    operator = values["msgTopologyOperator"]
    (volume,), (mount,), (variable,) = operator["extraVolumes"], operator["extraVolumeMounts"], operator["extraEnvVars"]
    assert volume["secret"]["items"] == [{"key": "ca.crt", "path": "ca.crt"}]
    assert variable == {"name": "SSL_CERT_DIR", "value": mount["mountPath"]}


def test_every_image_comes_from_our_registry_at_one_tag(values: Json) -> None:
    images = [values["rabbitmqImage"], values["credentialUpdaterImage"], *(values[operator]["image"] for operator in OPERATORS)]
    assert {image["registry"] for image in images} == {REGISTRY}
    assert all(image["tag"] and image["tag"] != "latest" for image in images)


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operator_is_told_to_write_nowhere_and_to_be_nobody(values: Json, operator: str) -> None:
    assert values[operator]["containerSecurityContext"] == READ_ONLY_CONTAINER
