"""Customer-managed key of one class of data, with its key policy."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from spotmusic_constructs.arns import key_handle
from spotmusic_constructs.location import Location, location_of

_USE = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]


@dataclass(frozen=True, kw_only=True)
class ServicePrincipal:
    """AWS service that uses a key as a service principal, confined to this account.

    `{partition}`, `{region}` and `{account}` are replaced by those of the key's stack.

    Args:
        name: service principal, such as `logs.{region}.amazonaws.com`.
        actions: allowed actions on the key.
        conditions: condition block that keeps other accounts from using the key through the
            service.
    """

    name: str
    conditions: Mapping[str, Mapping[str, str]]
    actions: tuple[str, ...] = ("kms:Decrypt", "kms:GenerateDataKey*")


@dataclass(frozen=True, kw_only=True)
class KeyUse:
    """Storage of a class of data.

    Args:
        description: description of the key, for auditors.
        via: services (`rds`, `s3`) through which principals of the account may use the key.
        principals: services that use the key as a service principal.
        grants_to_services: whether a service creates grants without `kms:GrantIsForAWSResource`:
            EKS for a cluster (Amazon EKS user guide, `enable-kms`; AWS Control Tower, CT.EKS.PR.2),
            and Amazon Managed Service for Prometheus for a workspace, according to its documented
            key policy (user guide, encryption at rest). The policy then requires a service that
            creates the grant on behalf of a principal.
    """

    description: str
    via: tuple[str, ...]
    principals: tuple[ServicePrincipal, ...] = ()
    grants_to_services: bool = False


class EncryptionKey(Construct):
    """Rotating key with an alias; new readers in other stacks do not change its policy.

    Creates a symmetric KMS key and the alias `alias/<stack name>/<data class>`: an alias requires a
    name, and the stack's name differs between environments. The key policy allows the account's
    IAM, the services of `use.via` on behalf of principals of the account (as AWS managed keys do),
    and the service principals of `use.principals`; only services may create KMS grants. `key` is a
    handle: grants change only the grantee's policy, so stacks do not depend on each other.

    Args:
        data_class: name of the class of data, the last part of the alias.
        use: storage of the class, and so the users of the key.
        pending_window_days: days in which a scheduled deletion can be cancelled, 7 to 30 (KMS).
        rotation_period_days: days between rotations, 90 to 2560 (KMS), 365 by default.
        removal_policy: policy of the key when the stack is deleted. Data encrypted with a deleted
            key is lost.

    Example:
        database = EncryptionKey(self, "Database", data_class="database",
                                 use=KeyUse(description="Databases", via=("rds",)))
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
        location = location_of(scope)

        self.resource = kms.CfnKey(
            self,
            "Resource",
            description=use.description,
            enable_key_rotation=True,
            rotation_period_in_days=rotation_period_days,
            pending_window_in_days=pending_window_days,
            key_policy=_policy(location, use),
        )
        self.resource.apply_removal_policy(removal_policy)
        kms.CfnAlias(
            self,
            "Alias",
            alias_name=f"alias/{location.stack_name}/{data_class}",
            target_key_id=self.resource.ref,
        )

    @cached_property
    def key(self) -> kms.IKey:
        """Handle of the key."""
        return key_handle(self, "Handle", self.resource.attr_arn)


def _policy(location: Location, use: KeyUse) -> dict[str, Any]:
    places = asdict(location)
    # Both require that a service creates the grant; the second also allows grants for the service
    # itself.
    by_service = "aws:ViaAWSService" if use.grants_to_services else "kms:GrantIsForAWSResource"
    statements = [
        {
            # Without it a mistake in the other statements makes the key unmanageable (KMS developer
            # guide, default key policy).
            "Sid": "AccountAdministersThroughIam",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{places['partition']}:iam::{places['account']}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            # A grant bypasses this policy, also for other accounts: only services may create one,
            # for their resources here (AWS Control Tower, CT.KMS.PR.3).
            "Sid": "NobodyButServicesPassesItOn",
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "kms:CreateGrant",
            "Resource": "*",
            "Condition": {
                "BoolIfExists": {"aws:PrincipalIsAWSService": "false", by_service: "false"}
            },
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
        operator: {key: value.format_map(places) for key, value in block.items()}
        for operator, block in principal.conditions.items()
    }
    return {
        "Effect": "Allow",
        "Principal": {"Service": principal.name.format_map(places)},
        "Action": list(principal.actions),
        "Resource": "*",
        "Condition": conditions,
    }
