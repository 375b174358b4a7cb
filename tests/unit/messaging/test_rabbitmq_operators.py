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


def test_rabbitmq_operators_release_waits(release: Json) -> None:
    assert release["Wait"] is True
    assert release["Namespace"] == "rabbitmq"


@pytest.mark.parametrize("operator", OPERATORS)
def test_rabbitmq_operators_have_two_pods(values: Json, operator: str) -> None:
    assert values[operator]["replicaCount"] == 2
    assert values[operator]["pdb"] == {"create": True, "maxUnavailable": "1"}


@pytest.mark.parametrize("operator", OPERATORS)
def test_rabbitmq_operators_watch_own_namespace(values: Json, operator: str) -> None:
    assert values[operator]["watchAllNamespaces"] is False
    assert values[operator]["watchNamespaces"] == ["rabbitmq"]


@pytest.mark.parametrize("operator", OPERATORS)
def test_rabbitmq_operators_create_no_network_policies(values: Json, operator: str) -> None:
    assert values[operator]["networkPolicy"] == {"enabled": False}


def test_topology_operator_metrics_need_no_token(values: Json) -> None:
    """The chart's PodMonitor sends no token: with the chart's `secure` each scrape returns 401."""
    assert values["msgTopologyOperator"]["metrics"] == {"podMonitor": {"enabled": True}, "secure": False}


def test_topology_operator_trusts_internal_authority(values: Json) -> None:
    operator = values["msgTopologyOperator"]
    (volume,), (mount,), (variable,) = operator["extraVolumes"], operator["extraVolumeMounts"], operator["extraEnvVars"]
    assert volume["secret"]["items"] == [{"key": "ca.crt", "path": "ca.crt"}]
    assert variable == {"name": "SSL_CERT_DIR", "value": mount["mountPath"]}


def test_rabbitmq_operator_images_use_own_registry(values: Json) -> None:
    images = [values["rabbitmqImage"], values["credentialUpdaterImage"], *(values[operator]["image"] for operator in OPERATORS)]
    assert {image["registry"] for image in images} == {REGISTRY}
    assert all(image["tag"] and image["tag"] != "latest" for image in images)


@pytest.mark.parametrize("operator", OPERATORS)
def test_rabbitmq_operator_containers_are_read_only(values: Json, operator: str) -> None:
    assert values[operator]["containerSecurityContext"] == READ_ONLY_CONTAINER
