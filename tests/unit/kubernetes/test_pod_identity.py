from typing import Any

import pytest
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from spotmusic_constructs.kubernetes.pod_identity import PodIdentity
from tests.conftest import new_stack

SECRET = "arn:aws:secretsmanager:sa-east-1:111122223333:secret:redpanda-AbCdEf"


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    stack = new_stack()
    PodIdentity(
        stack,
        "Identity",
        cluster=eks.Cluster.from_cluster_attributes(stack, "Cluster", cluster_name="spotmusic-test"),
        namespace="external-secrets",
        service_account="external-secrets",
        description="Reads the secrets that it copies",
        statements=[iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[SECRET])],
    )
    return dict(Template.from_stack(stack).to_json())


def one(template: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = [resource["Properties"] for resource in template["Resources"].values() if resource["Type"] == kind]
    return dict(found)


def test_pod_role_trusts_own_cluster_only(template: dict[str, Any]) -> None:
    (statement,) = one(template, "AWS::IAM::Role")["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert statement["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "111122223333"},
        "ArnEquals": {"aws:SourceArn": "arn:aws:eks:sa-east-1:111122223333:cluster/spotmusic-test"},
    }


def test_pod_role_has_given_statements(template: dict[str, Any]) -> None:
    (statement,) = one(template, "AWS::IAM::ManagedPolicy")["PolicyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("secretsmanager:GetSecretValue", SECRET)


def test_pod_role_has_one_service_account(template: dict[str, Any]) -> None:
    association = one(template, "AWS::EKS::PodIdentityAssociation")
    assert (association["Namespace"], association["ServiceAccount"]) == ("external-secrets", "external-secrets")


def test_pod_role_without_statements_has_no_policy() -> None:
    stack = new_stack()
    cluster = eks.Cluster.from_cluster_attributes(stack, "Cluster", cluster_name="spotmusic-test")
    PodIdentity(stack, "Identity", cluster=cluster, namespace="a", service_account="b", description="Nothing yet")
    assert not Template.from_stack(stack).find_resources("AWS::IAM::ManagedPolicy")
