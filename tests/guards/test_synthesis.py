"""Invariants of every synthesis: eight stacks in their environments, without physical names."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3

from tests.conftest import STACKS
from tools.model.stacks import stacks_in
from tools.model.templates import Template
from tools.provider_schemas import resource_schema

ENVIRONMENTS = ["dev", "staging", "prod"]
Templates = Callable[[str], dict[str, Template]]
# Reasons of explicit names that CloudFormation does not require. It generates all other names.
NAMES = {
    (
        "AWS::EC2::SecurityGroupIngress",
        "SourcePrefixListId",
    ): "the addresses of CloudFront, a list of AWS",
    ("AWS::EC2::VPCEndpoint", "ServiceName"): "the name of the service that is reached",
    (
        "AWS::ECR::PullThroughCacheRule",
        "EcrRepositoryPrefix",
    ): "required by CloudFormation, and a part of each image's address",
    ("AWS::EKS::Cluster", "Name"): "it is part of the name of its log group",
    (
        "AWS::IAM::ManagedPolicy",
        "ManagedPolicyName",
    ): "a permission set of IAM Identity Center names its policy, the same in each account",
    (
        "AWS::Logs::LogGroup",
        "LogGroupName",
    ): (
        "RDS, EKS and EventBridge choose the name, and a log must have its key before its first "
        "line"
    ),
    ("AWS::RDS::DBInstance", "DBInstanceIdentifier"): "it is part of the name of its log groups",
    ("AWS::Route53::HostedZone", "Name"): "an address",
    (
        "AWS::Route53::RecordSet",
        "HostedZoneId",
    ): "the zone of the public domain, which is not of these stacks",
    ("AWS::S3::Bucket", "BucketName"): "WAF delivers to aws-waf-logs-* only",
    ("AWS::SSM::Parameter", "Name"): "the path is the interface that services read",
    ("AWS::ServiceDiscovery::Service", "Name"): "an address",
}
NAMING = re.compile(r"(Name|Id|Identifier|Prefix)$")
"""Properties that identify a resource in AWS. DBName, the name of a schema in a database, does
not."""
REFERENCES = {"Ref", "Fn::GetAtt", "Fn::GetStackOutput", "Fn::ImportValue"}
NAMED_IN_PLACE = {
    ("AWS::ECS::Service", "ServiceName"),
    ("AWS::IAM::Policy", "PolicyName"),
    ("AWS::Logs::QueryDefinition", "Name"),
}
"""Names that CloudFormation can update in place, or that do not identify a resource."""


@cache
def naming_properties(type_: str) -> frozenset[str]:
    """Properties of a type that set its physical name, and that CloudFormation does not require."""
    if type_.startswith(("Custom::", "AWS::CloudFormation::CustomResource")):
        return frozenset()
    schema = resource_schema("us-east-1", type_)
    fixed = {path[0] for path in (*schema.identifier, *schema.create_only) if len(path) == 1} - {
        path[0] for path in schema.read_only
    }
    named = {name for name in fixed if NAMING.search(name)} | {
        name for other, name in NAMED_IN_PLACE if other == type_
    }
    return frozenset(named.difference(schema.document.get("required", ())))


def names_in(templates: dict[str, Template]) -> set[tuple[str, str]]:
    """Types and properties with a literal or composed name, except plain references to another
    resource.
    """
    return {
        (resource["Type"], key)
        for _, _, resource in resources(templates)
        for key, value in resource.get("Properties", {}).items()
        if key in naming_properties(resource["Type"])
        and not (isinstance(value, dict) and value.keys() <= REFERENCES)
    }


def resources(templates: dict[str, Template]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for stack, template in templates.items():
        for logical_id, resource in template["Resources"].items():
            yield stack, logical_id, resource


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_physical_names_are_reviewed(templates: Templates, environment: str) -> None:
    assert names_in(templates(environment)) - NAMES.keys() == set()


def test_excused_names_are_used(templates: Templates) -> None:
    used = set().union(*(names_in(templates(environment)) for environment in ENVIRONMENTS))
    assert NAMES.keys() - used == set()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_stack_names_contain_environment(
    synthesized: Callable[[str], Path], environment: str
) -> None:
    assert {stack.name for stack in stacks_in(synthesized(environment)).values()} == {
        f"spotmusic-{environment}-{stack}" for stack in STACKS
    }


def test_deprecated_apis_raise_errors(stack: cdk.Stack) -> None:
    with pytest.raises(RuntimeError, match="is deprecated"):
        s3.Bucket(stack, "Bucket", encryption=s3.BucketEncryption.UNENCRYPTED)
