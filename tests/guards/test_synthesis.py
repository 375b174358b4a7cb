"""What every synthesis keeps: eight stacks, in their places, and without names of our own."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import STACKS, Template

ENVIRONMENTS = ["dev", "staging", "prod"]
Templates = Callable[[str], dict[str, Template]]
# Why a name is written down all the same. Whatever is not here has a name that CloudFormation makes.
NAMES = {
    ("AWS::SSM::Parameter", "Name"): "the path is the interface that services read",
    ("AWS::Route53::HostedZone", "Name"): "an address",
    ("AWS::Route53::RecordSet", "Name"): "an address",
    ("AWS::ServiceDiscovery::PrivateDnsNamespace", "Name"): "an address",
    ("AWS::ServiceDiscovery::Service", "Name"): "an address",
    ("AWS::S3::Bucket", "BucketName"): "WAF delivers to aws-waf-logs-* only",
    ("AWS::Logs::LogGroup", "LogGroupName"): "RDS, EKS and EventBridge choose the name, and a log must have its key before its first line",
    ("AWS::RDS::DBInstance", "DBInstanceIdentifier"): "it is part of the name of its log groups",
    ("AWS::EKS::Cluster", "Name"): "it is part of the name of its log group",
    ("AWS::EC2::VPCEndpoint", "ServiceName"): "the name of the service that is reached",
    ("AWS::Logs::ResourcePolicy", "PolicyName"): "required by CloudFormation",
    ("AWS::Logs::DeliverySource", "Name"): "required by CloudFormation",
    ("AWS::Logs::DeliveryDestination", "Name"): "required by CloudFormation",
    ("AWS::Backup::BackupVault", "BackupVaultName"): "required by CloudFormation; CDK makes it from the path",
    ("AWS::CloudFront::Function", "Name"): "required by CloudFormation; CDK makes it from the path",
    ("AWS::ElastiCache::User", "UserName"): "the name by which a client logs in",
    ("AWS::ApplicationAutoScaling::ScalingPolicy", "PolicyName"): "required by CloudFormation",
    ("AWS::IAM::Policy", "PolicyName"): "required by CloudFormation; CDK makes it from the path",
}
# A property of these names is a physical name; DBName, for instance, is the name of a schema within the resource.
NAME_PROPERTIES = {
    "BucketName", "RoleName", "PolicyName", "TableName", "TopicName", "QueueName", "FunctionName", "ClusterName", "ServiceName",
    "DBInstanceIdentifier", "ReplicationGroupId", "RepositoryName", "LogGroupName", "GroupName", "LoadBalancerName", "AlarmName",
    "DashboardName", "UserName", "ManagedPolicyName", "BackupVaultName", "Name",
}  # fmt: skip


def resources(templates: dict[str, Template]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for stack, template in templates.items():
        for logical_id, resource in template["Resources"].items():
            yield stack, logical_id, resource


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_there_are_eight_stacks(templates: Templates, environment: str) -> None:
    assert set(templates(environment)) == set(STACKS)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nothing_has_a_name_of_our_own_unless_aws_demands_it(templates: Templates, environment: str) -> None:
    named = {
        (resource["Type"], key)
        for _, _, resource in resources(templates(environment))
        for key, value in resource.get("Properties", {}).items()
        if key in NAME_PROPERTIES and isinstance(value, str)
    }
    assert named - NAMES.keys() == set()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_stack_names_tell_the_environment(synthesized: Callable[[str], Path], environment: str) -> None:
    artifacts = json.loads((synthesized(environment) / "manifest.json").read_text())["artifacts"].values()
    names = {a["properties"]["stackName"] for a in artifacts if a["type"] == "aws:cloudformation:stack"}
    assert names == {f"spotmusic-{environment}-{stack}" for stack in STACKS}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_only_the_edge_leaves_the_home_region(synthesized: Callable[[str], Path], environment: str) -> None:
    artifacts = json.loads((synthesized(environment) / "manifest.json").read_text())["artifacts"].values()
    regions = {
        a["displayName"].split(" ")[0]: a["environment"].rpartition("/")[2] for a in artifacts if a["type"] == "aws:cloudformation:stack"
    }
    assert regions == {f"{environment}/{stack}": "us-east-1" if stack == "edge" else "sa-east-1" for stack in STACKS}
