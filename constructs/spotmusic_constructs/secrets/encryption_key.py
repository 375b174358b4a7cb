"""A customer-managed key of one class of data, and who may use it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

_USE = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
_PLACES = ("partition", "region", "account")


@dataclass(frozen=True, kw_only=True)
class ServicePrincipal:
    """An AWS service that uses a key under its own name, and what confines it to this account.

    `{partition}`, `{region}` and `{account}` in any text are those of the key's stack.

    Args:
        name: service principal, such as `logs.{region}.amazonaws.com`.
        actions: what it may do with the key.
        conditions: condition block that keeps other accounts from using the key through the service.
    """

    name: str
    conditions: Mapping[str, Mapping[str, str]]
    actions: tuple[str, ...] = ("kms:Decrypt", "kms:GenerateDataKey*")


@dataclass(frozen=True, kw_only=True)
class KeyUse:
    """What a class of data is kept in.

    Args:
        description: what the key protects, in words an auditor can read.
        via: services (`rds`, `s3`) through which anybody in the account who may use them may use the key.
        principals: services that use the key under their own name.
        grants_to_services: whether a service makes grants that KMS does not count as ones for an AWS resource, and that are refused
            where a policy asks for it: EKS for a cluster (Amazon EKS user guide, `enable-kms`; AWS Control Tower, CT.EKS.PR.2), and
            Amazon Managed Service for Prometheus for a workspace, whose documented key policy asks for the service alone (user guide,
            encryption at rest). The policy then asks that a service makes the grant on somebody's behalf.
    """

    description: str
    via: tuple[str, ...]
    principals: tuple[ServicePrincipal, ...] = ()
    grants_to_services: bool = False


class EncryptionKey(Construct):
    """A rotating key with an alias, whose policy needs no change when a reader is added elsewhere.

    Creates a symmetric KMS key and the alias `alias/<stack name>/<data class>`: an alias must have a name, and the
    stack's name is the one thing that tells environments apart. The key policy admits the account's IAM, the services
    of `use.via` on behalf of anybody in the account (as the policies of AWS managed keys do), and the service
    principals of `use.principals`; KMS grants are for services only. `key` is a handle: rights given on it are written on the
    reader's side only, so that no two stacks ever need each other.

    Args:
        data_class: name of the class of data, the last part of the alias.
        use: what the class is kept in, and so who uses the key.
        pending_window_days: days in which a scheduled deletion can be called off. KMS takes 7 to 30; 30 leaves time to notice.
        rotation_period_days: days between rotations. KMS takes 90 to 2560; 365 is its default.
        removal_policy: what happens to the key when its stack goes. Whatever is still encrypted with it goes with it.

    Example:
        database = EncryptionKey(self, "Database", data_class="database", use=KeyUse(description="Databases", via=("rds",)))
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        data_class: str,
        use: KeyUse,
        pending_window_days: int = 30,
        rotation_period_days: int = 365,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)

        self.resource = kms.CfnKey(
            self,
            "Resource",
            description=use.description,
            enable_key_rotation=True,
            rotation_period_in_days=rotation_period_days,
            pending_window_in_days=pending_window_days,
            key_policy=_policy(stack, use),
        )
        self.resource.apply_removal_policy(removal_policy)
        kms.CfnAlias(self, "Alias", alias_name=f"alias/{stack.stack_name}/{data_class}", target_key_id=self.resource.ref)
        self.key = kms.Key.from_key_arn(self, "Handle", self.resource.attr_arn)


def _policy(stack: cdk.Stack, use: KeyUse) -> dict[str, Any]:
    places = {name: str(getattr(stack, name)) for name in _PLACES}
    # Either says that a service makes the grant; the second also when the grant is for the service itself.
    by_service = "aws:ViaAWSService" if use.grants_to_services else "kms:GrantIsForAWSResource"
    statements = [
        {
            # Without it a mistake in the rest of the policy would lock everybody out for good (KMS developer guide, default key policy).
            "Sid": "AccountAdministersThroughIam",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{places['partition']}:iam::{places['account']}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            # A grant passes a key on beside this policy, to other accounts too: only services may, for what they keep here
            # (AWS Control Tower, CT.KMS.PR.3).
            "Sid": "NobodyButServicesPassesItOn",
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "kms:CreateGrant",
            "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:PrincipalIsAWSService": "false", by_service: "false"}},
        },
        *_through_services(use, places),
        *(_by_service(principal, places) for principal in use.principals),
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _through_services(use: KeyUse, places: Mapping[str, str]) -> list[dict[str, Any]]:
    if not use.via:
        return []
    through = {
        "kms:CallerAccount": places["account"],
        "kms:ViaService": [f"{service}.{places['region']}.amazonaws.com" for service in use.via],
    }
    for_aws = {} if use.grants_to_services else {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    return [
        {
            "Sid": "AccountUsesThroughServices",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": _USE,
            "Resource": "*",
            "Condition": {"StringEquals": through},
        },
        {
            "Sid": "ServicesKeepUsing",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "kms:CreateGrant",
            "Resource": "*",
            "Condition": {"StringEquals": through, **for_aws},
        },
    ]


def _by_service(principal: ServicePrincipal, places: Mapping[str, str]) -> dict[str, Any]:
    conditions = {
        operator: {key: value.format_map(places) for key, value in block.items()} for operator, block in principal.conditions.items()
    }
    return {
        "Effect": "Allow",
        "Principal": {"Service": principal.name.format_map(places)},
        "Action": list(principal.actions),
        "Resource": "*",
        "Condition": conditions,
    }
