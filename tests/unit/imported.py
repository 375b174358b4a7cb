"""Imported resources, as stacks pass them to constructs."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3

KEY = "arn:aws:kms:sa-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
CERTIFICATE = "arn:aws:acm:sa-east-1:111122223333:certificate/1"
DATA = ec2.SubnetSelection(subnet_group_name="data")
APPLICATION = ec2.SubnetSelection(subnet_group_name="application")


def key_of(stack: cdk.Stack, name: str = "Key") -> kms.IKey:
    return kms.Key.from_key_arn(stack, name, KEY)


def logs_of(stack: cdk.Stack, name: str = "logs") -> s3.IBucket:
    return s3.Bucket.from_bucket_name(stack, "Logs", name)


def vpc_of(stack: cdk.Stack) -> ec2.IVpc:
    return ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-1",
        availability_zones=["sa-east-1a", "sa-east-1b", "sa-east-1c"],
        private_subnet_ids=["subnet-1", "subnet-2", "subnet-3"],
        private_subnet_names=["application"],
        private_subnet_route_table_ids=["rtb-1", "rtb-2", "rtb-3"],
        isolated_subnet_ids=["subnet-4", "subnet-5", "subnet-6"],
        isolated_subnet_names=["data"],
    )


def group_of(stack: cdk.Stack, id_: str) -> ec2.ISecurityGroup:
    return ec2.SecurityGroup.from_security_group_id(stack, f"{id_}-group", id_, mutable=False)


def load_balancer_arguments(stack: cdk.Stack, *, certificate: bool) -> dict[str, Any]:
    """Arguments of a load balancer of the cluster."""
    return {
        "vpc": vpc_of(stack),
        "certificate": acm.Certificate.from_certificate_arn(stack, "Certificate", CERTIFICATE)
        if certificate
        else None,
        "hosted_zone": route53.PrivateHostedZone.from_hosted_zone_attributes(
            stack, "Zone", hosted_zone_id="Z1", zone_name="internal.example"
        ),
        "access_logs": logs_of(stack),
        "cluster_name": "spotmusic-test",
    }
