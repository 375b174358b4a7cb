"""What a service may reach, as its tasks see it: environment, references to secrets and configuration, and rights."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm

Statement = Mapping[str, Any]
"""A statement of an IAM policy that allows something: its actions and its resources."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """What a container is told, and what its task may do with it.

    Args:
        environment: plain values by name. No secrets: whoever may describe a task definition reads them.
        secrets: values by name that ECS fetches from Secrets Manager or Parameter Store when a task starts.
        secret_arns: secrets that the execution role reads for that.
        parameter_arns: parameters that it reads for that.
        statements: rights of the task itself.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, ecs.Secret] = field(default_factory=dict)
    secret_arns: tuple[str, ...] = ()
    parameter_arns: tuple[str, ...] = ()
    statements: tuple[Statement, ...] = ()


def combine(parts: Iterable[Access]) -> Access:
    """Returns one access that gives everything of `parts`; a later name wins."""
    parts = tuple(parts)
    return Access(
        environment={name: value for part in parts for name, value in part.environment.items()},
        secrets={name: value for part in parts for name, value in part.secrets.items()},
        secret_arns=tuple(dict.fromkeys(arn for part in parts for arn in part.secret_arns)),
        parameter_arns=tuple(dict.fromkeys(arn for part in parts for arn in part.parameter_arns)),
        statements=tuple(statement for part in parts for statement in part.statements),
    )


def user_access(prefix: str, user: secretsmanager.ISecret, *, fields: Iterable[str] = ("username", "password")) -> Access:
    """Gives the fields of a user's secret as `<PREFIX>_<FIELD>`, and the way to read them again.

    ECS fetches a secret once, when a task starts, so that a rotated password would not reach running tasks. `<PREFIX>_USER_ARN`
    names the secret, and the task may read it: on a refused login a service reads it again instead of failing.

    Args:
        prefix: what the user is for, in capitals, such as CATALOGUE.
        user: secret of the user, a JSON object.
        fields: keys of that object.
    """
    arn = user.secret_arn
    return Access(
        environment={f"{prefix}_USER_ARN": arn},
        secrets={f"{prefix}_{key.upper()}": ecs.Secret.from_secrets_manager(user, key) for key in fields},
        secret_arns=(arn,),
        statements=({"Action": "secretsmanager:GetSecretValue", "Resource": arn},),
    )


def secret_access(name: str, secret: secretsmanager.ISecret, *, field: str | None = None) -> Access:
    """Gives a secret under `name` when a task starts.

    Args:
        name: name in the container.
        secret: the secret.
        field: key of its JSON object; the whole secret without one.
    """
    return Access(secrets={name: ecs.Secret.from_secrets_manager(secret, field)}, secret_arns=(secret.secret_arn,))


def configuration_access(parameters: Mapping[str, ssm.IParameter]) -> Access:
    """Gives the value that each parameter has when a task starts, by the name in the container."""
    return Access(
        secrets={name: ecs.Secret.from_ssm_parameter(parameter) for name, parameter in parameters.items()},
        parameter_arns=tuple(parameter.parameter_arn for parameter in parameters.values()),
    )


def parameter_access(environment: Mapping[str, str], arns: Iterable[str]) -> Access:
    """Lets a task read parameters while it runs: for those that come to be, or change, after the task has started.

    Args:
        environment: what tells the service where they are.
        arns: the parameters.
    """
    return Access(environment=environment, statements=({"Action": ["ssm:GetParameter", "ssm:GetParameters"], "Resource": sorted(arns)},))


def writing_access(prefix: str, bucket: s3.IBucket, *, below: str) -> Access:
    """Gives a bucket's name as `<PREFIX>_BUCKET`, and the right to write and delete objects below a prefix, not to read or list them.

    Deleting leaves a marker: versions are for the lifecycle of the bucket.
    """
    actions = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject"]
    return Access(
        environment={f"{prefix}_BUCKET": bucket.bucket_name},
        statements=({"Action": actions, "Resource": bucket.arn_for_objects(f"{below}/*")},),
    )


def invalidation_access(distributions: str, *, tags: Mapping[str, str]) -> Access:
    """Gives the right to drop cached copies at the edge, of distributions with these tags.

    Args:
        distributions: ARN, or pattern of it: a distribution that is made later has no name yet.
        tags: tags of the distributions.
    """
    tagged = {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
    return Access(
        statements=({"Action": "cloudfront:CreateInvalidation", "Resource": distributions, "Condition": {"StringEquals": tagged}},)
    )


def queue_access(variable: str, *, url: str, arn: str) -> Access:
    """Gives the address of an SQS queue as `variable`, and the right to take messages from it.

    The key needs no right here, as with buckets.
    """
    actions = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    return Access(environment={variable: url}, statements=({"Action": actions, "Resource": arn},))


def mail_access(variable: str, *, sender: str, identity: str) -> Access:
    """Gives an address as `variable`, and the right to send mail from it, and from no other, through Amazon SES.

    Args:
        variable: name in the container.
        sender: the address.
        identity: ARN of the verified identity that it belongs to.
    """
    from_it = {"StringEquals": {"ses:FromAddress": sender}}
    return Access(environment={variable: sender}, statements=({"Action": "ses:SendEmail", "Resource": identity, "Condition": from_it},))


def bucket_access(prefix: str, bucket: s3.IBucket, *, writes: bool = False) -> Access:
    """Gives a bucket's name as `<PREFIX>_BUCKET`, and the right to read its objects, or also to write them.

    The key needs no right here: its policy admits whoever S3 lets through, for S3 alone (`kms:ViaService`).
    """
    read = ["s3:GetObject", "s3:GetObjectTagging"]
    write = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"] if writes else []
    return Access(
        environment={f"{prefix}_BUCKET": bucket.bucket_name},
        statements=({"Action": [*read, *write], "Resource": bucket.arn_for_objects("*")},),
    )
