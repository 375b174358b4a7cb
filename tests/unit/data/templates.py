"""Queries of templates for the tests of this folder."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks

from tests.templates import Resources, all_of

KEY = "arn:aws:kms:sa-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"


def key_of(stack: cdk.Stack, name: str = "Key") -> kms.IKey:
    """Imported key, as the application passes it to constructs."""
    return kms.Key.from_key_arn(stack, name, KEY)


def vpc_of(stack: cdk.Stack) -> ec2.IVpc:
    return ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-1",
        availability_zones=["sa-east-1a", "sa-east-1b", "sa-east-1c"],
        private_subnet_ids=["subnet-1", "subnet-2", "subnet-3"],
        private_subnet_names=["application"],
        isolated_subnet_ids=["subnet-4", "subnet-5", "subnet-6"],
        isolated_subnet_names=["data"],
    )


def group_of(stack: cdk.Stack, id_: str) -> ec2.ISecurityGroup:
    return ec2.SecurityGroup.from_security_group_id(stack, f"{id_}-group", id_, mutable=False)


DATA = ec2.SubnetSelection(subnet_group_name="data")
APPLICATION = ec2.SubnetSelection(subnet_group_name="application")


def statements(resources: Resources, kind: str = "AWS::S3::BucketPolicy") -> dict[str, dict[str, Any]]:
    """Statements of the policies of a resource type by Sid."""
    found = [statement for policy in all_of(resources, kind) for statement in policy["PolicyDocument"]["Statement"]]
    return {statement.get("Sid", str(number)): statement for number, statement in enumerate(found)}


def findings(stack: cdk.Stack) -> set[str]:
    """Rules of both packs with a finding; `validate_scope` also returns acknowledged ones."""
    reports = (pack(stack).validate_scope(stack) for pack in (AwsSolutionsChecks, NIST80053R5Checks))
    return {violation.rule_name for report in reports for violation in report.violations}
