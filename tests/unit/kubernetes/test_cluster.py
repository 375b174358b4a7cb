import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from spotmusic_constructs.kubernetes.cluster import KubernetesCluster
from spotmusic_constructs.kubernetes.kubectl import kubectl_layer
from stacks import compliance
from tests.conftest import feature_flags
from tests.templates import all_of, properties_of, resources_of

ACCOUNT = "111122223333"
KEY = f"arn:aws:kms:sa-east-1:{ACCOUNT}:key/kubernetes"
LOG_KEY = f"arn:aws:kms:sa-east-1:{ACCOUNT}:key/logs"
ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:role/break-glass"
ZONES = ["sa-east-1a", "sa-east-1b", "sa-east-1c"]


def synthesize(**changes: Any) -> dict[str, Any]:
    app = cdk.App(context=feature_flags())
    compliance.register(app)
    stack = cdk.Stack(app, "test", env=cdk.Environment(account=ACCOUNT, region="sa-east-1"))
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-1",
        availability_zones=ZONES,
        private_subnet_ids=["subnet-a", "subnet-b", "subnet-c"],
        private_subnet_names=["application"],
        private_subnet_route_table_ids=["rtb-a", "rtb-b", "rtb-c"],
    )
    groups = [ec2.SecurityGroup.from_security_group_id(stack, name, f"sg-{name}", mutable=False) for name in ("control", "kubectl")]
    arguments: dict[str, Any] = {
        "name": "spotmusic-test",
        "version": "1.36",
        # The real layer has 30 MB. Only the test of the layer needs it.
        "kubectl_layer": lambda_.LayerVersion.from_layer_version_arn(stack, "Layer", f"arn:aws:lambda:sa-east-1:{ACCOUNT}:layer:kubectl:1"),
        "vpc": vpc,
        "control_plane_security_group": groups[0],
        "kubectl_security_group": groups[1],
        "key": kms.Key.from_key_arn(stack, "Key", KEY),
        "log_key": kms.Key.from_key_arn(stack, "LogKey", LOG_KEY),
        "tag_keys": ["Project", "CostCenter"],
        "administrators": [ADMINISTRATOR],
    }
    KubernetesCluster(stack, "Kubernetes", **{**arguments, **changes})
    cdk.Tags.of(stack).add("Project", "spotmusic")
    # With the policy packs registered, this raises for each unacknowledged finding.
    return dict(Template.from_stack(stack).to_json())


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return synthesize()


@pytest.fixture(scope="module")
def for_developers() -> dict[str, Any]:
    return synthesize(version="1.29", administrators=(), tag_keys=(), public_access_cidrs=["203.0.113.0/24"], deletion_protection=False)


def cluster(template: dict[str, Any]) -> dict[str, Any]:
    (found,) = all_of(template["Resources"], "AWS::EKS::Cluster")
    return found


def test_public_endpoint_admits_named_ranges_only(for_developers: dict[str, Any]) -> None:
    config = cluster(for_developers)["ResourcesVpcConfig"]
    assert (config["EndpointPublicAccess"], config["PublicAccessCidrs"]) == (True, ["203.0.113.0/24"])


def test_cluster_endpoint_is_private(template: dict[str, Any]) -> None:
    config = cluster(template)["ResourcesVpcConfig"]
    assert (config["EndpointPrivateAccess"], config["EndpointPublicAccess"]) == (True, False)
    assert config["SecurityGroupIds"] == ["sg-control"]
    assert config["SubnetIds"] == ["subnet-a", "subnet-b", "subnet-c"]


def test_cluster_enables_all_control_plane_logs(template: dict[str, Any]) -> None:
    types = {entry["Type"] for entry in cluster(template)["Logging"]["ClusterLogging"]["EnabledTypes"]}
    assert types == {"api", "audit", "authenticator", "controllerManager", "scheduler"}


def test_cluster_log_group_precedes_cluster(template: dict[str, Any]) -> None:
    groups = {group["LogGroupName"]: (name, group) for name, group in _named_groups(template)}
    name, group = groups["/aws/eks/spotmusic-test/cluster"]
    assert (group["KmsKeyId"], group["RetentionInDays"]) == (LOG_KEY, 365)
    (resource,) = [resource for resource in template["Resources"].values() if resource["Type"] == "AWS::EKS::Cluster"]
    assert name in resource["DependsOn"]


def _named_groups(template: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    groups = [(name, r["Properties"]) for name, r in template["Resources"].items() if r["Type"] == "AWS::Logs::LogGroup"]
    return [(name, group) for name, group in groups if isinstance(group.get("LogGroupName"), str)]


def test_cluster_log_groups_have_key_and_retention(template: dict[str, Any]) -> None:
    for group in all_of(template["Resources"], "AWS::Logs::LogGroup"):
        assert (group["KmsKeyId"], group["RetentionInDays"]) == (LOG_KEY, 365)


def test_kubectl_functions_use_own_log_groups(template: dict[str, Any]) -> None:
    """A log line after the deletion of the group would recreate it without key or retention."""
    functions = all_of(template["Resources"], "AWS::Lambda::Function")
    assert len(functions) == 2
    for function in functions:
        assert template["Resources"][function["LoggingConfig"]["LogGroup"]["Ref"]]["Type"] == "AWS::Logs::LogGroup"


def test_cluster_encrypts_secrets_with_customer_key(template: dict[str, Any]) -> None:
    assert cluster(template)["EncryptionConfig"] == [{"Provider": {"KeyArn": KEY}, "Resources": ["secrets"]}]


def test_auto_mode_has_no_default_node_pools(template: dict[str, Any]) -> None:
    found = cluster(template)
    assert found["ComputeConfig"] == {"Enabled": True, "NodePools": []}
    assert found["StorageConfig"]["BlockStorage"]["Enabled"] is True
    assert found["KubernetesNetworkConfig"]["ElasticLoadBalancing"]["Enabled"] is True
    assert not all_of(template["Resources"], "AWS::EKS::Nodegroup")


def test_cluster_has_deletion_protection(template: dict[str, Any]) -> None:
    found = cluster(template)
    assert found["UpgradePolicy"] == {"SupportType": "STANDARD"}
    assert found["DeletionProtection"] is True
    assert found["ZonalShiftConfig"] == {"Enabled": True}


def test_removed_administrator_keeps_other_entries(template: dict[str, Any]) -> None:
    first = f"arn:aws:iam::{ACCOUNT}:role/administrators"
    entries = properties_of(template["Resources"], "AWS::EKS::AccessEntry")
    both = synthesize(administrators=[first, ADMINISTRATOR])["Resources"]
    assert properties_of(both, "AWS::EKS::AccessEntry").keys() > entries.keys()


def test_cluster_creator_is_not_administrator(template: dict[str, Any]) -> None:
    assert cluster(template)["AccessConfig"] == {"AuthenticationMode": "API", "BootstrapClusterCreatorAdminPermissions": False}


def test_cluster_access_entries_are_complete(template: dict[str, Any]) -> None:
    entries = all_of(template["Resources"], "AWS::EKS::AccessEntry")
    by_policy = sorted((json.dumps(entry["AccessPolicies"]).rpartition("/")[2].split('"')[0], entry.get("Type")) for entry in entries)
    assert by_policy == [
        ("AmazonEKSAutoNodePolicy", "EC2"),
        ("AmazonEKSClusterAdminPolicy", None),
        ("AmazonEKSClusterAdminPolicy", None),
    ]
    assert ADMINISTRATOR in [entry["PrincipalArn"] for entry in entries]


def test_node_role_has_minimal_policies(template: dict[str, Any]) -> None:
    (role,) = [
        role
        for role in all_of(template["Resources"], "AWS::IAM::Role")
        if "ec2.amazonaws.com" in json.dumps(role["AssumeRolePolicyDocument"])
    ]
    names = {json.dumps(arn).rpartition("/")[2].split('"')[0] for arn in role["ManagedPolicyArns"]}
    assert names == {"AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"}
    assert "Policies" not in role


def test_cluster_role_trusts_own_cluster_only(template: dict[str, Any]) -> None:
    (document,) = [
        role["AssumeRolePolicyDocument"]
        for role in all_of(template["Resources"], "AWS::IAM::Role")
        if "eks.amazonaws.com" in json.dumps(role)
    ]
    (statement,) = document["Statement"]
    assert statement["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:eks:sa-east-1:{ACCOUNT}:cluster/spotmusic-test"},
    }


def tagging(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Statements of the policy that lets EKS create resources with custom tags."""
    policies = [policy for policy in all_of(template["Resources"], "AWS::IAM::ManagedPolicy") if "aws:TagKeys" in json.dumps(policy)]
    return {statement["Sid"]: statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]}


def test_cluster_role_creates_tagged_resources(template: dict[str, Any]) -> None:
    found = tagging(template)
    assert {sid: statement["Action"] for sid, statement in found.items()} == {
        "Nodes": ["ec2:CreateFleet", "ec2:CreateLaunchTemplate", "ec2:RunInstances"],
        "Volumes": "ec2:CreateVolume",
        "NetworkInterfaces": "ec2:CreateNetworkInterface",
    }
    for statement in found.values():
        assert statement["Effect"] == "Allow"
        assert statement["Condition"]["StringEquals"] == {"aws:RequestTag/eks:eks-cluster-name": "spotmusic-test"}
        for arn in statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]:
            # Subnets, groups and images have no custom tags: AWS managed policies cover them.
            assert re.fullmatch(
                rf"arn:aws:ec2:sa-east-1:{ACCOUNT}:(fleet|instance|launch-template|network-interface|spot-instances-request|volume)/\*",
                arn,
            )


def test_cluster_role_uses_known_tag_keys(template: dict[str, Any]) -> None:
    for sid, statement in tagging(template).items():
        keys = statement["Condition"]["ForAllValues:StringLike"]["aws:TagKeys"]
        assert keys[-2:] == ["Project", "CostCenter"], sid
        assert "*" not in keys
        assert "eks:*" in keys


def test_cluster_without_tags_has_no_tagging_policy(for_developers: dict[str, Any]) -> None:
    assert not tagging(for_developers)


def test_kubectl_function_has_least_rights(template: dict[str, Any]) -> None:
    handler = next(
        function for function in all_of(template["Resources"], "AWS::Lambda::Function") if function["Handler"] == "index.handler"
    )
    assert handler["VpcConfig"] == {"SecurityGroupIds": ["sg-kubectl"], "SubnetIds": ["subnet-a", "subnet-b", "subnet-c"]}
    assert handler["MemorySize"] == 2048
    (policy,) = [policy for policy in all_of(template["Resources"], "AWS::IAM::ManagedPolicy") if "s3:GetObject" in json.dumps(policy)]
    assert [statement["Action"] for statement in policy["PolicyDocument"]["Statement"]] == ["eks:DescribeCluster", "s3:GetObject"]


def test_kubectl_roles_trust_own_account(template: dict[str, Any]) -> None:
    documents = [role["AssumeRolePolicyDocument"] for role in all_of(template["Resources"], "AWS::IAM::Role")]
    trusting_lambda = [document["Statement"] for document in documents if "lambda.amazonaws.com" in json.dumps(document)]
    assert len(trusting_lambda) == 2
    for (statement,) in trusting_lambda:
        assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_kubectl_barrier_has_stack_tags(template: dict[str, Any]) -> None:
    (barrier,) = [r["Properties"] for name, r in template["Resources"].items() if "KubectlReadyBarrier" in name]
    assert barrier["Tags"] == {"Project": "spotmusic"}


def test_releases_are_deleted_before_kubectl_rights(template: dict[str, Any]) -> None:
    (barrier,) = [resource for name, resource in template["Resources"].items() if "KubectlReadyBarrier" in name]
    assert [name for name in barrier["DependsOn"] if "KubectlRolePolicy" in name]


def test_cluster_template_has_no_conditions(template: dict[str, Any]) -> None:
    assert "Conditions" not in template


def test_development_cluster_is_deletable(for_developers: dict[str, Any]) -> None:
    found = cluster(for_developers)
    assert found["Version"] == "1.29"
    assert found["ResourcesVpcConfig"]["EndpointPublicAccess"] is True
    assert found["DeletionProtection"] is False
    groups = [resource for resource in for_developers["Resources"].values() if resource["Type"] == "AWS::Logs::LogGroup"]
    assert {group["DeletionPolicy"] for group in groups} == {"Delete"}


@pytest.mark.parametrize(("package", "kubectl"), [(f"aws_cdk.lambda_layer_kubectl_v{minor}", f"1.{minor}") for minor in (29, 35, 36)])
def test_kubectl_layer_matches_cluster_version(stack: cdk.Stack, package: str, kubectl: str) -> None:
    kubectl_layer(stack, "Layer", package=package)
    (layer,) = all_of(resources_of(stack), "AWS::Lambda::LayerVersion")
    assert f"kubectl {kubectl}" in layer["Description"]
