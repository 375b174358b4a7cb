"""Policies of VPC endpoints: whose credentials may use them, and whose resources they reach."""

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk

Policy = dict[str, Any]

_OWN_RESOURCES_ONLY = frozenset({"secretsmanager", "kms"})
"""Services whose resources can be shared from account to account, and of which ours shares none."""


def s3_policy(stack: cdk.Stack) -> Policy:
    """Admits the account's own buckets, and the two kinds of AWS buckets without which nothing starts.

    Layers of every ECR image lie in a bucket of AWS (Amazon ECR user guide, VPC endpoints), and a custom resource's function in
    the VPC reports to CloudFormation by an upload to one of its buckets (AWS CloudFormation user guide, VPC endpoints).
    """
    bucket = f"arn:{stack.partition}:s3:::"
    region = stack.region
    compact_region = cdk.Fn.join("", cdk.Fn.split("-", region)) if cdk.Token.is_unresolved(region) else region.replace("-", "")
    return _policy(
        _allow("OwnBuckets", "s3:*", StringEquals=_own_principal(stack) | _own_resource(stack)),
        _allow("ImageLayers", "s3:GetObject", resource=f"{bucket}prod-{region}-starport-layer-bucket/*"),
        _allow(
            "ReportsToCloudFormation",
            "s3:PutObject",
            resource=[
                f"{bucket}cloudformation-custom-resource-response-{compact_region}/*",
                f"{bucket}cloudformation-waitcondition-{region}/*",
            ],
        ),
    )


def interface_policy(service: str, stack: cdk.Stack, *, tokens: bool = False) -> Policy:
    """Admits the account's own principals, and where resources can be shared, its own resources only.

    Args:
        service: name of the endpoint's service without its region, such as `ecr.api`.
        stack: stack of the endpoint, which tells the account.
        tokens: whether roles of this account are taken by tokens of an identity provider.
    """
    own_principal, own_resource = _own_principal(stack), _own_resource(stack)
    if service in _OWN_RESOURCES_ONLY:
        own = _allow("OwnResources", "*", StringEquals=own_principal | own_resource)
        if service == "secretsmanager":
            # The action has no resource (Service Authorization Reference, 2026-11), so its requests need not name the account of one.
            return _policy(own, _allow("RandomPasswords", "secretsmanager:GetRandomPassword", StringEquals=own_principal))
        return _policy(own)
    if service in {"ecr.api", "ecr.dkr"}:
        return _policy(
            _allow("OwnRepositories", "ecr:*", StringEquals=own_principal | own_resource),
            # Nodes run images of EKS and Fargate agents, which lie in accounts of AWS that differ from region to region.
            _allow("PullFromAws", _PULL, StringEquals=own_principal),
        )
    if service == "sts" and tokens:
        return _policy(
            _allow("OwnPrincipals", "*", StringEquals=own_principal),
            # Whoever comes with a token of an identity provider is nobody's principal yet; the role it takes is ours.
            _allow("OwnRolesByToken", "sts:AssumeRoleWithWebIdentity", StringEquals=own_resource),
        )
    return _policy(_allow("OwnPrincipals", "*", StringEquals=own_principal))


_PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer"]


def _own_principal(stack: cdk.Stack) -> dict[str, str]:
    return {"aws:PrincipalAccount": stack.account}


def _own_resource(stack: cdk.Stack) -> dict[str, str]:
    return {"aws:ResourceAccount": stack.account}


def _policy(*statements: Mapping[str, Any]) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(sid: str, action: str | list[str], *, resource: str | list[str] = "*", **conditions: Mapping[str, str]) -> dict[str, Any]:
    statement = {"Sid": sid, "Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource}
    return {**statement, "Condition": conditions} if conditions else statement
