"""Access of a service: environment, references to secrets and configuration, and rights."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager

from spotmusic_constructs.arns import bucket_name, objects_arn, secret_arn

Statement = Mapping[str, Any]
"""Allowing statement of an IAM policy, with actions and resources."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """Environment, secrets and rights of a task.

    Args:
        environment: plain values by name. No secrets: task definitions show them.
        secrets: values by name that ECS fetches from Secrets Manager or Parameter Store when a task
            starts.
        secret_arns: secrets that the execution role reads for `secrets`.
        parameter_arns: parameters that it reads for `secrets`.
        statements: rights of the task itself.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, ecs.Secret] = field(default_factory=dict)
    secret_arns: tuple[str, ...] = ()
    parameter_arns: tuple[str, ...] = ()
    statements: tuple[Statement, ...] = ()


def combine(parts: Iterable[Access]) -> Access:
    """Return the union of `parts`; a later name overrides."""
    parts = tuple(parts)
    return Access(
        environment={name: value for part in parts for name, value in part.environment.items()},
        secrets={name: value for part in parts for name, value in part.secrets.items()},
        secret_arns=tuple(dict.fromkeys(arn for part in parts for arn in part.secret_arns)),
        parameter_arns=tuple(dict.fromkeys(arn for part in parts for arn in part.parameter_arns)),
        statements=tuple(statement for part in parts for statement in part.statements),
    )


def user_access(
    prefix: str, user: secretsmanager.ISecret, *, fields: Iterable[str] = ("username", "password")
) -> Access:
    """Return the fields of a user's secret as `<PREFIX>_<FIELD>`, and the right to read it.

    ECS reads a secret once, when a task starts; a rotated password does not reach running tasks.
    `<PREFIX>_USER_ARN` is the ARN of the secret: a service reads it again after a refused login.

    Args:
        prefix: purpose of the user in capitals, such as CATALOGUE.
        user: secret of the user, a JSON object.
        fields: keys of that object.
    """
    arn = secret_arn(user)
    return Access(
        environment={f"{prefix}_USER_ARN": arn},
        secrets={
            f"{prefix}_{key.upper()}": ecs.Secret.from_secrets_manager(user, key) for key in fields
        },
        secret_arns=(arn,),
        statements=({"Action": "secretsmanager:GetSecretValue", "Resource": arn},),
    )


def secret_access(name: str, secret: secretsmanager.ISecret, *, field: str | None = None) -> Access:
    """Return a secret as the variable `name`, read when a task starts.

    Args:
        name: name in the container.
        secret: secret to read.
        field: key of its JSON object. Default: the whole secret.
    """
    return Access(
        secrets={name: ecs.Secret.from_secrets_manager(secret, field)},
        secret_arns=(secret_arn(secret),),
    )


def parameter_access(environment: Mapping[str, str], arns: Iterable[str]) -> Access:
    """Return the right to read parameters that change while a task runs.

    Args:
        environment: variables with the paths.
        arns: ARNs of the parameters.
    """
    return Access(
        environment=environment,
        statements=(
            {"Action": ["ssm:GetParameter", "ssm:GetParameters"], "Resource": sorted(arns)},
        ),
    )


def writing_access(prefix: str, bucket: s3.IBucket, *, below: str) -> Access:
    """Return the variable `<PREFIX>_BUCKET`, and rights to write and delete below a prefix.

    Reading and listing are not allowed. A deletion leaves a marker; the lifecycle of the bucket
    deletes versions.
    """
    actions = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject"]
    return Access(
        environment={f"{prefix}_BUCKET": bucket_name(bucket)},
        statements=({"Action": actions, "Resource": objects_arn(bucket, f"{below}/*")},),
    )


def invalidation_access(distributions: str, *, tags: Mapping[str, str]) -> Access:
    """Return the right to invalidate caches of distributions with these tags.

    Args:
        distributions: ARN or pattern; the ARN of a later distribution is unknown.
        tags: tags of the distributions.
    """
    tagged = {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
    return Access(
        statements=(
            {
                "Action": "cloudfront:CreateInvalidation",
                "Resource": distributions,
                "Condition": {"StringEquals": tagged},
            },
        )
    )


def queue_access(variable: str, *, url: str, arn: str) -> Access:
    """Return the address of an SQS queue as `variable`, and the right to consume from it.

    The key needs no right here, as with buckets.
    """
    actions = [
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
    ]
    return Access(environment={variable: url}, statements=({"Action": actions, "Resource": arn},))


def mail_access(variable: str, *, sender: str, identity: str) -> Access:
    """Return an address as `variable`, and the right to send mail only from it (Amazon SES).

    Args:
        variable: name in the container.
        sender: sender address.
        identity: ARN of the verified identity of the address.
    """
    from_it = {"StringEquals": {"ses:FromAddress": sender}}
    return Access(
        environment={variable: sender},
        statements=({"Action": "ses:SendEmail", "Resource": identity, "Condition": from_it},),
    )


def bucket_access(prefix: str, bucket: s3.IBucket, *, writes: bool = False) -> Access:
    """Return the variable `<PREFIX>_BUCKET`, and the right to read, or also write, objects.

    The key's policy allows principals through S3 (`kms:ViaService`), so no right on the key is
    needed.
    """
    read = ["s3:GetObject", "s3:GetObjectTagging"]
    write = (
        ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"] if writes else []
    )
    return Access(
        environment={f"{prefix}_BUCKET": bucket_name(bucket)},
        statements=({"Action": [*read, *write], "Resource": objects_arn(bucket)},),
    )
