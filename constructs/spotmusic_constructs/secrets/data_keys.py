"""Classes of data, with the key of each and its users."""

from dataclasses import dataclass
from types import MappingProxyType

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from spotmusic_constructs.secrets.encryption_key import EncryptionKey, KeyUse, ServicePrincipal

_THIS_ACCOUNT = {"StringEquals": {"aws:SourceAccount": "{account}"}}
_CONTEXT = "kms:EncryptionContext:aws"

CLOUDFRONT = ServicePrincipal(
    name="cloudfront.amazonaws.com",
    actions=("kms:Decrypt",),
    # A named distribution would create a cycle: the edge stack needs the buckets, which need the
    # key.
    conditions={
        "ArnLike": {"aws:SourceArn": "arn:{partition}:cloudfront::{account}:distribution/*"}
    },
)
LOG_GROUPS = ServicePrincipal(
    name="logs.{region}.amazonaws.com",
    actions=(
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey*",
        "kms:ReEncrypt*",
    ),
    conditions={"ArnLike": {f"{_CONTEXT}:logs:arn": "arn:{partition}:logs:{region}:{account}:*"}},
)

NOTIFICATIONS = KeyUse(
    description="Alarm topics, and queues of events",
    via=("sns", "sqs"),
    principals=(
        *(
            ServicePrincipal(name=f"{service}.amazonaws.com", conditions=_THIS_ACCOUNT)
            for service in ("budgets", "cloudwatch", "events.rds")
        ),
        # EventBridge sends KMS neither source account nor source ARN (Amazon SNS developer guide,
        # key management); a condition on them would drop its messages. The topic in the encryption
        # context belongs to this account.
        ServicePrincipal(
            name="events.amazonaws.com",
            conditions={
                "ArnLike": {f"{_CONTEXT}:sns:topicArn": "arn:{partition}:sns:{region}:{account}:*"}
            },
        ),
        # The same for queues: the encryption context of SQS contains their ARN.
        ServicePrincipal(
            name="events.amazonaws.com",
            conditions={
                "ArnLike": {f"{_CONTEXT}:sqs:arn": "arn:{partition}:sqs:{region}:{account}:*"}
            },
        ),
    ),
)
"""Use of a key of topics and queues, also of another region."""

USES = MappingProxyType(
    {
        "database": KeyUse(
            description="Databases, their snapshots and master secrets",
            via=("rds", "secretsmanager"),
        ),
        "cache": KeyUse(description="Cache nodes and their snapshots", via=("elasticache",)),
        "audio": KeyUse(
            description="Buckets of audio, uploads and web content",
            via=("s3",),
            principals=(CLOUDFRONT,),
        ),
        "logs": KeyUse(
            description="Log groups and metrics",
            via=("aps",),
            principals=(LOG_GROUPS,),
            grants_to_services=True,
        ),
        "kubernetes": KeyUse(
            description="Kubernetes secrets and volumes",
            via=("ec2", "eks"),
            grants_to_services=True,
        ),
        # The source service encrypts copies of snapshots with the vault's key.
        "backup": KeyUse(description="Recovery points", via=("backup", "ec2", "rds", "s3")),
        "copies": KeyUse(description="Copies of recovery points", via=("backup", "ec2", "rds")),
        "images": KeyUse(description="Container images", via=("ecr",)),
        "secrets": KeyUse(description="Secrets", via=("secretsmanager",)),
        "notifications": NOTIFICATIONS,
    }
)
"""Use of the key of each class of data. Sources: data protection chapter of each service's user
guide, 2026-11."""


@dataclass(frozen=True, kw_only=True)
class DataKeys:
    """Keys by class of data, so that one class can be disabled or erased without another.

    Args:
        database: databases, their snapshots and RDS-managed master secrets.
        cache: cache nodes and their snapshots.
        audio: buckets of audio, uploads and web content, which CloudFront reads.
        logs: log groups and metrics.
        kubernetes: Kubernetes secrets and the volumes of pods and nodes.
        backup: recovery points.
        copies: copies of recovery points of databases and volumes.
        images: container images.
        secrets: secrets.
        notifications: alarm topics and dead-letter queues.
    """

    database: kms.IKey
    cache: kms.IKey
    audio: kms.IKey
    logs: kms.IKey
    kubernetes: kms.IKey
    backup: kms.IKey
    copies: kms.IKey
    images: kms.IKey
    secrets: kms.IKey
    notifications: kms.IKey


def create_data_keys(
    scope: Construct, *, removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN
) -> DataKeys:
    """Create the key of every class of data in `scope`.

    Args:
        scope: parent of the keys; the id of a key is its class, capitalized.
        removal_policy: policy of the keys when the stack is deleted.

    Returns:
        Handles of the keys: grants change only the grantee's policy.
    """
    keys = {
        name: EncryptionKey(
            scope,
            f"{name.capitalize()}Key",
            data_class=name,
            use=use,
            removal_policy=removal_policy,
        ).key
        for name, use in USES.items()
    }
    return DataKeys(**keys)
