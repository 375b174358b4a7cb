"""Rights of a task's roles and settings of its container: each right needs a setting that uses
it.
"""

import re

from tests.properties.services import Service
from tools.model.assembly import Assembly
from tools.model.statements import Statement, statements_of
from tools.model.values import ACCOUNT

_POLICIES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
_PULL = (
    "ecr:(BatchCheckLayerAvailability|BatchGetImage|GetDownloadUrlForLayer"
    "|BatchImportUpstreamImage|CreateRepository)"
)
_READ_OBJECT = "s3:GetObject(Tagging)?"
_WRITE_ONLY = "s3:(PutObject|AbortMultipartUpload|DeleteObject)"
_TAKE_MESSAGES = "sqs:(ChangeMessageVisibility|DeleteMessage|GetQueueAttributes|ReceiveMessage)"
_WRITE_OBJECT = "s3:(GetObject(Tagging)?|PutObject|AbortMultipartUpload|ListMultipartUploadParts)"


def allowed(service: Service, kind: str) -> list[Statement]:
    """Statements of a task's role: `ExecutionRoleArn` (used by ECS at start) or `TaskRoleArn`."""
    platform, role = service.definition.platform, service.definition.target(kind)
    return [statement for statement in _identity(platform) if role and _holds(statement, role.id)]


def _identity(platform: Assembly) -> list[Statement]:
    return [
        s
        for s in statements_of(platform)
        if s.kind == "identity" and s.allows and s.resource.stack == "ecs-services"
    ]


def _holds(statement: Statement, role: str) -> bool:
    resource = statement.resource
    return resource.id == role or (
        resource.type in _POLICIES and role in {target.id for target in resource.targets("Roles")}
    )


def needed_at_start(service: Service) -> list[str]:
    """Patterns of `<action> <resource>`: log, image and secrets of the task definition."""
    group = service.definition.target(
        "ContainerDefinitions.0.LogConfiguration.Options.awslogs-group"
    )
    registry, _, path = service.text(service.container["Image"]).partition("/")
    region = registry.removesuffix(".amazonaws.com").rpartition(".")[2]
    account = registry.partition(".")[0]
    repository = path.partition("@")[0].partition(":")[0]
    # Repositories of services are identified by their resource, cached ones by their name.
    arn = (
        repository.replace("}", ".Arn}")
        if repository.startswith("${")
        else f"arn:aws:ecr:{region}:{account}:repository/{repository}"
    )
    # A registry without a login needs no rights.
    pulls = (
        [f"{_PULL} {re.escape(arn)}", r"ecr:GetAuthorizationToken \*"]
        if ".dkr.ecr." in registry or arn.startswith("${")
        else []
    )
    named = [
        reference.partition("}:")[0] + "}" if "}:" in reference else reference
        for reference in service.secrets.values()
    ]
    return [
        (
            "logs:(CreateLogStream|PutLogEvents) "
            f"{re.escape(f'${{{group.stack}/{group.id}.Arn}}') if group else ''}"
        ),
        *pulls,
        *(f"(secretsmanager:GetSecretValue|ssm:GetParameters) {re.escape(name)}" for name in named),
    ]


def needed_while_running(service: Service) -> list[str]:
    """Patterns of `<action> <resource>`: users, buckets and parameters in the container's
    environment.
    """
    return [
        pattern
        for name, value in service.environment.items()
        for pattern in _needed(service, name, value)
    ]


def _needed(service: Service, name: str, value: str) -> list[str]:
    parameter = rf"ssm:GetParameters? arn:aws:ssm:[a-z0-9-]+:{ACCOUNT}:parameter"
    if name.endswith("_USER_ARN"):
        return [f"secretsmanager:GetSecretValue {re.escape(value)}"]
    if name.endswith("_BUCKET"):
        return _of_objects(service, name, re.escape(value.removesuffix("}") + ".Arn}/"))
    if name.endswith("_QUEUE"):
        return [f"{_TAKE_MESSAGES} {re.escape(value.removesuffix('}') + '.Arn}')}"]
    if name == "MAIL_SENDER" and (mail := service.definition.platform.settings.mail):
        return [
            rf"ses:SendEmail arn:aws:ses:[a-z0-9-]+:{ACCOUNT}:identity/{re.escape(mail.domain)}"
        ]
    if name.endswith(("_PARAMETERS", "_PARAMETER")):
        one = (
            f".*/{re.escape(value.lstrip('/'))}"
            if name.endswith("_PARAMETER")
            else rf"{re.escape(value)}/[\w-]+"
        )
        return [f"{parameter}{one}"]
    return []


def _of_objects(service: Service, name: str, bucket: str) -> list[str]:
    word = name.removesuffix("_BUCKET").lower()
    if word not in service.settings.talks_to:
        return []
    if word == "audio" and service.settings.writes(word):
        return [
            rf"{_WRITE_ONLY} {bucket}audio/\*",
            rf"cloudfront:CreateInvalidation arn:aws:cloudfront::{ACCOUNT}:distribution/\*",
        ]
    return [rf"{_WRITE_OBJECT if word == 'uploads' else _READ_OBJECT} {bucket}\*"]
