import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from spotmusic_cdk import versions
from spotmusic_constructs.kubernetes.external_secrets import ExternalSecretsOperator
from spotmusic_constructs.kubernetes.pod import READ_ONLY_CONTAINER
from tests.conftest import new_stack
from tests.helm_values import HELM, REGISTRY, Images, arn_of, cluster_in, releases, secret_in
from tests.model.values import Json


@pytest.fixture(scope="module")
def stack() -> cdk.Stack:
    stack = new_stack()
    ExternalSecretsOperator(
        stack,
        "Operator",
        cluster=cluster_in(stack),
        chart=versions.EXTERNAL_SECRETS,
        images=Images(),
        secrets=[secret_in(stack, "one"), secret_in(stack, "two")],
    )
    return stack


@pytest.fixture(scope="module")
def resources(stack: cdk.Stack) -> dict[str, Json]:
    return dict(Template.from_stack(stack).to_json()["Resources"])


@pytest.fixture(scope="module")
def values(stack: cdk.Stack) -> Json:
    return dict(releases(stack)["external-secrets"]["Values"])


def test_operator_reads_given_secrets_only(resources: dict[str, Json]) -> None:
    (policy,) = [resource for resource in resources.values() if resource["Type"] == "AWS::IAM::ManagedPolicy"]
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Resource"] == [arn_of("one"), arn_of("two")]
    assert all(action.startswith(("secretsmanager:Get", "secretsmanager:Describe")) for action in statement["Action"])


def test_operator_association_precedes_release(resources: dict[str, Json], values: Json) -> None:
    ((id_, association),) = [(i, r) for i, r in resources.items() if r["Type"] == "AWS::EKS::PodIdentityAssociation"]
    assert association["Properties"]["ServiceAccount"] == values["serviceAccount"]["name"] == "external-secrets"
    (release,) = [resource for resource in resources.values() if resource["Type"] == HELM]
    assert id_ in release["DependsOn"]


def test_operator_components_have_two_pods(values: Json) -> None:
    for part in (values, values["webhook"], values["certController"]):
        assert part["replicaCount"] == 2
        assert part["podDisruptionBudget"] == {"enabled": True, "minAvailable": "", "maxUnavailable": 1}
        assert part["image"]["repository"].startswith(f"{REGISTRY}/")


def test_operator_pushes_no_secrets(values: Json) -> None:
    assert values["processPushSecret"] is values["processClusterPushSecret"] is False


def test_operator_requires_service_monitor_kind(values: Json) -> None:
    assert values["serviceMonitor"] == {"enabled": True, "renderMode": "alwaysRender"}


def test_operator_writes_authority_parameter_only() -> None:
    stack, parameter = new_stack(), "arn:aws:ssm:sa-east-1:111122223333:parameter/spotmusic/dev/internal-authority"
    ExternalSecretsOperator(
        stack,
        "Operator",
        cluster=cluster_in(stack),
        chart=versions.EXTERNAL_SECRETS,
        images=Images(),
        secrets=[secret_in(stack, "one")],
        authority_parameter_arn=parameter,
    )
    (policy,) = [r for r in Template.from_stack(stack).to_json()["Resources"].values() if r["Type"] == "AWS::IAM::ManagedPolicy"]
    writes = [s for s in policy["Properties"]["PolicyDocument"]["Statement"] if "ssm:PutParameter" in s["Action"]]
    assert [statement["Resource"] for statement in writes] == [parameter]
    assert releases(stack)["external-secrets"]["Values"]["processPushSecret"] is True


def test_operator_containers_are_read_only(values: Json) -> None:
    for part in (values, values["webhook"], values["certController"]):
        assert part["securityContext"] == READ_ONLY_CONTAINER
