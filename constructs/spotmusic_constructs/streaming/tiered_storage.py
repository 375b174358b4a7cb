"""Tiered storage of Redpanda in Amazon S3."""

import json

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from spotmusic_constructs import durations
from spotmusic_constructs.acknowledge import acknowledge, wildcard_finding
from spotmusic_constructs.arns import bucket_arn, bucket_name, key_arn, objects_arn, secret_arn
from spotmusic_constructs.data.private_bucket import PrivateBucket
from spotmusic_constructs.kubernetes.external_secret import ExternalSecret, SecretField
from spotmusic_constructs.location import location_of
from spotmusic_constructs.resource import logical_id

LICENSE = "redpanda-license"
SERVICE_ACCOUNT = "redpanda"
_AUDIENCE = "sts.amazonaws.com"
_NONCURRENT_DAYS = 7
"""Days until a deleted segment is gone: enough to notice and undo a wrong deletion (our choice)."""


class TieredStorage(Construct):
    """Bucket for the event stream, and a role that only the brokers' service account assumes.

    Tiered storage is an Enterprise feature of Redpanda: without a valid licence the brokers reject
    it. They support IAM roles for service accounts but not EKS Pod Identity (schema of chart 26.2,
    cloud_storage_credentials_source), so the account needs an identity provider for the cluster's
    issuer.

    Creates the bucket, its policy, the identity provider, the role and its rights. Redpanda deletes
    events by the retention of their topic; the lifecycle of the bucket deletes only noncurrent
    versions.

    Args:
        issuer_url: OIDC issuer of the EKS cluster, with https://.
        license: JSON secret with the licence key in the field `license`.
        key: customer-managed key of the brokers' volumes.
        access_logs: bucket that receives the server access logs, under `event-stream/`.
        namespace: namespace of the brokers.
        removal_policy: policy of the bucket when the stack is deleted; it is never emptied.

    Example:
        TieredStorage(self, "TieredStorage", issuer_url=kubernetes.issuer_url, license=license,
                      key=keys.kubernetes, access_logs=logs.bucket)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        issuer_url: str,
        license: secretsmanager.ISecret,  # noqa: A002  # the field's own word
        key: kms.IKey,
        access_logs: s3.IBucket,
        namespace: str = "redpanda",
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id)
        self.bucket = PrivateBucket(
            self,
            "Bucket",
            key=key,
            access_logs=access_logs,
            access_logs_prefix="event-stream/",
            lifecycle=s3.LifecycleRule(
                noncurrent_version_expiration=durations.days(_NONCURRENT_DAYS),
                abort_incomplete_multipart_upload_after=durations.days(1),
            ),
            unreplicated=_UNREPLICATED,
            removal_policy=removal_policy,
        )
        provider = iam.CfnOIDCProvider(self, "Issuer", url=issuer_url, client_id_list=[_AUDIENCE])
        role = iam.CfnRole(
            self,
            "Role",
            description="Brokers of Redpanda keep older events in Amazon S3",
            assume_role_policy_document=_trust(
                provider, issuer_url, f"system:serviceaccount:{namespace}:{SERVICE_ACCOUNT}"
            ),
        )
        self.role_arn = role.attr_arn
        policy = iam.CfnManagedPolicy(
            self, "Policy", roles=[role.ref], policy_document=_rights(self.bucket, key)
        )
        acknowledge(
            policy, {wildcard_finding(f"<{logical_id(self.bucket)}.Arn>/*"): _EVERY_SEGMENT}
        )
        self.external_secret = ExternalSecret(
            namespace=namespace,
            name=LICENSE,
            fields={"license": SecretField(secret_arn=secret_arn(license), field="license")},
        )

    @property
    def config(self) -> dict[str, object]:
        """Properties of the brokers."""
        return {
            "cloud_storage_enabled": True,
            "cloud_storage_region": location_of(self).region,
            "cloud_storage_bucket": bucket_name(self.bucket),
            "cloud_storage_credentials_source": "sts",
        }

    def to_values(self) -> dict[str, object]:
        """Return the Helm values of the licence and the service account."""
        return {
            "enterprise": {"licenseSecretRef": {"name": LICENSE, "key": "license"}},
            "serviceAccount": {
                "create": True,
                "name": SERVICE_ACCOUNT,
                "annotations": {
                    "eks.amazonaws.com/role-arn": self.role_arn,
                    "eks.amazonaws.com/sts-regional-endpoints": "true",
                },
            },
        }


_EVERY_SEGMENT = (
    "Redpanda chooses the names of its segments, in a bucket that contains nothing else."
)
_UNREPLICATED = (
    "The newest events are on three brokers in three zones, and S3 keeps each object in three; "
    "copies abroad need a legal basis."
)


def _trust(provider: iam.CfnOIDCProvider, issuer_url: str, subject: str) -> str:
    """Trust policy for the service account.

    Only Fn::Sub in a text can put the unresolved issuer into keys of a condition.
    """
    issuer = cdk.Fn.select(1, cdk.Fn.split("//", issuer_url))
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": "${Provider}"},
        "Condition": {"StringEquals": {"${Issuer}:aud": _AUDIENCE, "${Issuer}:sub": subject}},
    }
    return cdk.Fn.sub(
        json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        {"Provider": provider.attr_arn, "Issuer": issuer},
    )


def _rights(bucket: s3.IBucket, key: kms.IKey) -> dict[str, object]:
    objects = [
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:GetObjectTagging",
        "s3:PutObjectTagging",
    ]
    via_s3 = {
        "StringEquals": {"kms:ViaService": f"s3.{location_of(bucket).region}.{cdk.Aws.URL_SUFFIX}"}
    }
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": objects, "Resource": objects_arn(bucket)},
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket_arn(bucket)},
            {
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                "Resource": key_arn(key),
                "Condition": via_s3,
            },
        ],
    }
