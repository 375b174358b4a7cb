from spotmusic_cdk import versions
from spotmusic_constructs.kubernetes.prometheus_crds import PrometheusCrds
from tests.conftest import new_stack
from tests.helm_values import cluster_in, releases


def test_prometheus_crds_release_waits() -> None:
    stack = new_stack()
    PrometheusCrds(stack, "Crds", cluster=cluster_in(stack), chart=versions.PROMETHEUS_OPERATOR_CRDS)
    release = releases(stack)["prometheus-operator-crds"]
    assert release["Wait"] is True
    assert release["Values"]["crds"]["annotations"] == {"helm.sh/resource-policy": "keep"}
