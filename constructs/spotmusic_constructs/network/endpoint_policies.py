"""Policies of VPC endpoints: allowed principals and resources."""

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk

from spotmusic_constructs.location import Location

Policy = dict[str, Any]

_OWN_RESOURCES_ONLY = frozenset({"secretsmanager", "kms"})
"""Services with resources that accounts can share; this account shares none."""


def s3_policy(location: Location) -> Policy:
    """Allow the account's buckets, and AWS buckets of image layers and deployments.

    AWS stores the layers of ECR images in its own bucket (Amazon ECR user guide, VPC endpoints),
    and the function of a custom resource in the VPC uploads its response to a bucket of
    CloudFormation (AWS CloudFormation user guide, VPC endpoints).
    """
    bucket = f"arn:{location.partition}:s3:::"
    region = location.region
    compact_region = (
        cdk.Fn.join("", cdk.Fn.split("-", region))
        if cdk.Token.is_unresolved(region)
        else region.replace("-", "")
    )
    return _policy(
        _allow(
            "OwnBuckets", "s3:*", StringEquals=_own_principal(location) | _own_resource(location)
        ),
        _allow(
            "ImageLayers", "s3:GetObject", resource=f"{bucket}prod-{region}-starport-layer-bucket/*"
        ),
        _allow(
            "ReportsToCloudFormation",
            "s3:PutObject",
            resource=[
                f"{bucket}cloudformation-custom-resource-response-{compact_region}/*",
                f"{bucket}cloudformation-waitcondition-{region}/*",
            ],
        ),
    )


def interface_policy(service: str, location: Location, *, tokens: bool = False) -> Policy:
    """Allow the account's own principals, and only its own resources where they can be shared.

    Args:
        service: name of the endpoint's service without its region, such as `ecr.api`.
        location: location of the endpoint, with the allowed account.
        tokens: whether roles of this account are assumed with tokens of an identity provider.
    """
    own_principal, own_resource = _own_principal(location), _own_resource(location)
    if service in _OWN_RESOURCES_ONLY:
        own = _allow("OwnResources", "*", StringEquals=own_principal | own_resource)
        if service == "secretsmanager":
            # The action has no resource (Service Authorization Reference, 2026-11), so its requests
            # may lack `aws:ResourceAccount`.
            return _policy(
                own,
                _allow(
                    "RandomPasswords",
                    "secretsmanager:GetRandomPassword",
                    StringEquals=own_principal,
                ),
            )
        return _policy(own)
    if service in {"ecr.api", "ecr.dkr"}:
        return _policy(
            _allow("OwnRepositories", "ecr:*", StringEquals=own_principal | own_resource),
            # Nodes run images of EKS and Fargate agents from AWS accounts that differ by region.
            _allow("PullFromAws", _PULL, StringEquals=own_principal),
        )
    if service == "sts" and tokens:
        return _policy(
            _allow("OwnPrincipals", "*", StringEquals=own_principal),
            # A request with a token of an identity provider has no principal yet; the role belongs
            # to this account.
            _allow("OwnRolesByToken", "sts:AssumeRoleWithWebIdentity", StringEquals=own_resource),
        )
    return _policy(_allow("OwnPrincipals", "*", StringEquals=own_principal))


_PULL = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
]


def _own_principal(location: Location) -> dict[str, str]:
    return {"aws:PrincipalAccount": location.account}


def _own_resource(location: Location) -> dict[str, str]:
    return {"aws:ResourceAccount": location.account}


def _policy(*statements: Mapping[str, Any]) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(
    sid: str,
    action: str | list[str],
    *,
    resource: str | list[str] = "*",
    **conditions: Mapping[str, str],
) -> dict[str, Any]:
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": "*",
        "Action": action,
        "Resource": resource,
    }
    return {**statement, "Condition": conditions} if conditions else statement
