import pytest

from spotmusic_cdk import versions
from spotmusic_constructs.messaging.rabbitmq_operators import RabbitMQOperators
from tests.conftest import new_stack
from tests.helm_values import Images, cluster_in, values_of
from tools.model.values import Json


@pytest.fixture(scope="module")
def values() -> Json:
    stack = new_stack()
    RabbitMQOperators(
        stack,
        "Operators",
        cluster=cluster_in(stack),
        chart=versions.RABBITMQ_OPERATORS,
        images=Images(),
    )
    return values_of(stack, "rabbitmq-operators")


@pytest.mark.parametrize("operator", ["clusterOperator", "msgTopologyOperator"])
def test_rabbitmq_operators_keep_to_own_namespace(values: Json, operator: str) -> None:
    assert values[operator]["watchAllNamespaces"] is False
    assert values[operator]["watchNamespaces"] == ["rabbitmq"]
    assert values[operator]["networkPolicy"] == {
        "enabled": False
    }  # The platform's own policies are from the table of flows.


def test_topology_operator_metrics_need_no_token(values: Json) -> None:
    """The chart's PodMonitor sends no token. With `secure`, each scrape would return 401."""
    assert values["msgTopologyOperator"]["metrics"] == {
        "podMonitor": {"enabled": True},
        "secure": False,
    }


def test_topology_operator_trusts_internal_authority(values: Json) -> None:
    operator = values["msgTopologyOperator"]
    (volume,), (mount,), (variable,) = (
        operator["extraVolumes"],
        operator["extraVolumeMounts"],
        operator["extraEnvVars"],
    )
    assert volume["secret"]["items"] == [{"key": "ca.crt", "path": "ca.crt"}]
    assert variable == {"name": "SSL_CERT_DIR", "value": mount["mountPath"]}
