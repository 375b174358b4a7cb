import aws_cdk as cdk
import pytest

from spotmusic_cdk import versions
from spotmusic_constructs.streaming.redpanda import Redpanda
from spotmusic_constructs.streaming.tiered_storage import TieredStorage
from stacks import compliance
from tests.conftest import new_app
from tests.helm_values import arn_of, schema_errors, secret_in, values_of
from tests.templates import Resources, of_type, resources_of, whole
from tests.unit.imported import KEY, key_of, logs_of
from tests.unit.streaming.test_redpanda import redpanda_in
from tools.model.templates import RELEASE
from tools.model.values import Json

ISSUER = "https://oidc.eks.sa-east-1.amazonaws.com/id/EXAMPLE"


@pytest.fixture(scope="module")
def stack() -> cdk.Stack:
    app = new_app()
    compliance.register(app)
    return cdk.Stack(app, "test", env=cdk.Environment(account="111122223333", region="sa-east-1"))


@pytest.fixture(scope="module")
def redpanda(stack: cdk.Stack) -> Redpanda:
    storage = TieredStorage(
        stack,
        "TieredStorage",
        issuer_url=ISSUER,
        license=secret_in(stack, "license"),
        key=key_of(stack),
        access_logs=logs_of(stack),
    )
    return redpanda_in(stack, tiered_storage=storage)


@pytest.fixture(scope="module")
def resources(stack: cdk.Stack, redpanda: Redpanda) -> Resources:
    assert redpanda
    # With the policy packs registered, this raises for each unacknowledged finding.
    return resources_of(stack)


@pytest.fixture(scope="module")
def values(stack: cdk.Stack, resources: Resources) -> Json:
    assert resources
    return values_of(stack, "redpanda")


def test_tiered_storage_role_trusts_broker_account(resources: Resources) -> None:
    text, variables = whole(resources, "AWS::IAM::Role")["Properties"]["AssumeRolePolicyDocument"][
        "Fn::Sub"
    ]
    assert '"${Issuer}:sub": "system:serviceaccount:redpanda:redpanda"' in text
    assert '"${Issuer}:aud": "sts.amazonaws.com"' in text
    assert (
        variables["Issuer"] == "oidc.eks.sa-east-1.amazonaws.com/id/EXAMPLE"
        or "Fn::Select" in variables["Issuer"]
    )


def test_tiered_storage_role_has_least_rights(resources: Resources) -> None:
    statements = whole(resources, "AWS::IAM::ManagedPolicy")["Properties"]["PolicyDocument"][
        "Statement"
    ]
    assert [statement["Action"] for statement in statements][1:] == [
        "s3:ListBucket",
        ["kms:Decrypt", "kms:GenerateDataKey"],
    ]
    assert statements[2]["Resource"] == KEY
    assert "kms:ViaService" in statements[2]["Condition"]["StringEquals"]
    assert all(statement["Resource"] != "*" for statement in statements)


def test_brokers_are_deleted_before_rights_of_tiered_storage(resources: Resources) -> None:
    """A reference to the role alone lets CloudFormation delete its policy first."""
    release = whole(resources, RELEASE)
    (policy,) = of_type(resources, "AWS::IAM::ManagedPolicy")
    assert policy in release["DependsOn"]


def test_tiered_storage_bucket_is_retained(resources: Resources) -> None:
    bucket = whole(resources, "AWS::S3::Bucket")
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    (rule,) = bucket["Properties"]["LifecycleConfiguration"]["Rules"]
    assert "ExpirationInDays" not in rule


def test_brokers_use_bucket_role_and_licence(redpanda: Redpanda, values: Json) -> None:
    config = values["storage"]["tiered"]["config"]
    assert (config["cloud_storage_enabled"], config["cloud_storage_credentials_source"]) == (
        True,
        "sts",
    )
    assert "eks.amazonaws.com/role-arn" in values["serviceAccount"]["annotations"]
    reference = values["enterprise"]["licenseSecretRef"]
    secret = next(
        secret for secret in redpanda.external_secrets if secret.name == reference["name"]
    )
    assert reference["key"] in secret.keys
    assert secret.fields["license"].secret_arn == arn_of("license")


def test_tiered_storage_container_runs_unprivileged(values: Json) -> None:
    containers = {
        container["name"]: container
        for container in values["statefulset"]["podTemplate"]["spec"]["initContainers"]
    }
    security = containers["set-tiered-storage-cache-dir-ownership"]["securityContext"]
    assert (security["runAsUser"], security["runAsNonRoot"], security["capabilities"]) == (
        101,
        True,
        {"drop": ["ALL"]},
    )


def test_tiered_storage_values_match_chart_schema(values: Json) -> None:
    assert schema_errors(f"redpanda-{versions.REDPANDA.version}", values) == []
