"""Policies of people, compared with the actions and resources of runbook commands."""

import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

import pytest

from tests.documents import code
from tools.checkout import ROOT, settings_of
from tools.model.assembly import Assembly, Resource
from tools.model.statements import Statement, statements_of
from tools.model.templates import Template
from tools.model.values import ACCOUNT

LINES = [line for path in sorted((ROOT / "docs").rglob("*.md")) for line in code(path.read_text())]
"""Commands of all documents."""
OPERATOR, DATA = "spotmusic-prod-on-call-operator", "spotmusic-prod-data-operator"
SHIFTS = {
    "arc-zonal-shift cancel-zonal-shift": "arc-zonal-shift:CancelZonalShift",
    "arc-zonal-shift start-zonal-shift": "arc-zonal-shift:StartZonalShift",
}
"""Actions of zonal shifts by the command."""
HANDLED = {
    **{
        command: (
            action,
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "elasticloadbalancing",
            "loadbalancer/",
        )
        for command, action in SHIFTS.items()
    },
    "cloudfront create-invalidation": (
        "cloudfront:CreateInvalidation",
        "AWS::CloudFront::Distribution",
        "cloudfront",
        "distribution/",
    ),
    "cloudwatch disable-alarm-actions": (
        "cloudwatch:DisableAlarmActions",
        "AWS::CloudWatch::Alarm",
        "cloudwatch",
        "alarm:",
    ),
    "cloudwatch enable-alarm-actions": (
        "cloudwatch:EnableAlarmActions",
        "AWS::CloudWatch::Alarm",
        "cloudwatch",
        "alarm:",
    ),
    "ec2 replace-route": ("ec2:ReplaceRoute", "AWS::EC2::RouteTable", "ec2", "route-table/"),
    "ecs update-service": ("ecs:UpdateService", "AWS::ECS::Service", "ecs", "service/"),
    "elasticache modify-replication-group": (
        "elasticache:ModifyReplicationGroup",
        "AWS::ElastiCache::ReplicationGroup",
        "elasticache",
        "replicationgroup:",
    ),
    "kms cancel-key-deletion": ("kms:CancelKeyDeletion", "AWS::KMS::Key", "kms", "key/"),
    "kms enable-key": ("kms:EnableKey", "AWS::KMS::Key", "kms", "key/"),
    "rds reboot-db-instance": ("rds:RebootDBInstance", "AWS::RDS::DBInstance", "rds", "db:"),
}
"""Action of an on-call engineer, type of its resources, and service and kind in their ARNs, by the
command."""


class Use(NamedTuple):
    """Action of a command.

    Args:
        command: command of the AWS CLI.
        policy: policy that allows it; `data-operator` is used in addition to `on-call-operator`.
        action: action of IAM.
        arn: resource, or `*` for an action without one.
        context: values of condition keys.
    """

    command: str
    policy: str
    action: str
    arn: str
    context: Mapping[str, str]


def uses(platform: Assembly) -> Iterator[Use]:
    """Actions of commands on all resources in their scope."""
    for command, (action, type_, service, kind) in HANDLED.items():
        for resource in platform.some(type_):
            yield Use(
                command, OPERATOR, action, _arn(resource, service, kind), _tags(resource.tags)
            )
    yield from _shifts_of_cluster(platform)
    yield from _rotations(platform)
    yield from _new_values(platform)
    yield from _passed_roles(platform)
    yield from _snapshots(platform)
    yield from _rollbacks(platform)
    yield from _experiments(platform)


def _shifts_of_cluster(platform: Assembly) -> Iterator[Use]:
    """Zonal shifts of the Kubernetes cluster: IAM has no resource for them, and its tags are no
    condition (Service Authorization Reference, zonal shift of Amazon ARC).
    """
    for cluster in platform.some("AWS::EKS::Cluster"):
        arn = f"arn:aws:eks:{platform.settings.region}:{ACCOUNT}:cluster/{cluster.text('Name')}"
        for command, action in SHIFTS.items():
            yield Use(command, OPERATOR, action, "*", {"arc-zonal-shift:resourceidentifier": arn})


def _rotations(platform: Assembly) -> Iterator[Use]:
    """Rotations. Secrets Manager invokes the rotation function with the rights of the person. RDS
    uses the right `RotateSecret` of the person (API reference of AWS Secrets Manager, RotateSecret;
    Amazon RDS user guide, permissions for Secrets Manager integration).
    """
    for schedule in platform.some("AWS::SecretsManager::RotationSchedule"):
        secret, function = schedule.target("SecretId"), schedule.target("RotationLambdaARN")
        assert secret
        assert function
        command = "secretsmanager rotate-secret"
        yield Use(
            command,
            OPERATOR,
            "secretsmanager:RotateSecret",
            _arn(secret, "secretsmanager", "secret:"),
            _tags(secret.tags),
        )
        through = {**_tags(function.tags), "aws:viaawsservice": "true"}
        yield Use(
            command,
            OPERATOR,
            "lambda:InvokeFunction",
            _arn(function, "lambda", "function:"),
            through,
        )
    for database in platform.some("AWS::RDS::DBInstance"):
        if database["ManageMasterUserPassword"]:
            command, arn = "rds modify-db-instance", _arn(database, "rds", "db:")
            tags = _tags({"aws:rds:primaryDBInstanceArn": arn})
            yield Use(command, DATA, "rds:ModifyDBInstance", arn, _tags(database.tags))
            yield Use(
                command,
                DATA,
                "secretsmanager:RotateSecret",
                _arn(database, "secretsmanager", "secret:rds!db-"),
                tags,
            )


def _new_values(platform: Assembly) -> Iterator[Use]:
    """Yield new values of secrets of the templates, and of those that commands of documents create
    with their tags.
    """
    tags = [secret.tags for secret in platform.some("AWS::SecretsManager::Secret")]
    tags += [
        dict(re.findall(r"Key=(\S+),Value=(\S+)", line.replace("<env>", platform.settings.name)))
        for line in LINES
        if "aws secretsmanager create-secret --" in line
    ]
    arn = f"arn:aws:secretsmanager:{platform.settings.region}:{ACCOUNT}:secret:x"
    for command, action in (
        ("secretsmanager put-secret-value", "secretsmanager:PutSecretValue"),
        ("secretsmanager restore-secret", "secretsmanager:RestoreSecret"),
        ("secretsmanager tag-resource", "secretsmanager:TagResource"),
    ):
        for of in tags:
            yield Use(command, DATA, action, arn, _tags(of))


def _passed_roles(platform: Assembly) -> Iterator[Use]:
    """Yield roles that a restored database gets. They are passed to RDS, which is not the service
    that assumes them (Service Authorization Reference, Amazon RDS, ModifyDBInstance).
    """
    for database in platform.some("AWS::RDS::DBInstance"):
        if role := database.target("MonitoringRoleArn"):
            name = f"{platform.settings.stack_name(role.stack)}-{role.id}-x"
            arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
            to = {"iam:passedtoservice": "rds.amazonaws.com"}
            yield Use("rds modify-db-instance", DATA, "iam:PassRole", arn, to)


def _snapshots(platform: Assembly) -> Iterator[Use]:
    """Snapshots: a second resource, without tags yet (Service Authorization Reference,
    Amazon EC2).
    """
    command, action, region = "ec2 create-snapshot", "ec2:CreateSnapshot", platform.settings.region
    volume = f"arn:aws:ec2:{region}:{ACCOUNT}:volume/vol-0"
    yield Use(command, OPERATOR, action, volume, _tags(platform.settings.identifying_tags))
    yield Use(
        command,
        OPERATOR,
        action,
        f"arn:aws:ec2:{region}::snapshot/snap-0",
        {"ec2:parentvolume": volume},
    )


def _rollbacks(platform: Assembly) -> Iterator[Use]:
    """Yield the rollbacks of service deployments. ECS authorizes the service and its deployment,
    which has no tags (Service Authorization Reference, Amazon ECS; its developer guide, resources
    that support tagging).
    """
    for service in platform.some("AWS::ECS::Service"):
        cluster = service.target("Cluster")
        assert cluster
        name = f"{platform.settings.stack_name(cluster.stack)}-{cluster.id}-x/{service.id}-x"
        for kind in (f"service/{name}", f"service-deployment/{name}/x"):
            arn = f"arn:aws:ecs:{platform.settings.region}:{ACCOUNT}:{kind}"
            yield Use("ecs stop-service-deployment", OPERATOR, "ecs:StopServiceDeployment", arn, {})


def _experiments(platform: Assembly) -> Iterator[Use]:
    """Experiments. They have the tags of the command that starts them, not of the template."""
    arn = f"arn:aws:fis:{platform.settings.region}:{ACCOUNT}:experiment/x"
    for line in LINES:
        if "aws fis start-experiment" in line:
            tags = dict(
                tag.split("=")
                for tag in line.partition("--tags ")[2]
                .replace("<env>", platform.settings.name)
                .split(",")
            )
            yield Use("fis stop-experiment", OPERATOR, "fis:StopExperiment", arn, _tags(tags))


def _tags(tags: Mapping[str, str]) -> dict[str, str]:
    return {f"aws:resourcetag/{key}".lower(): value for key, value in tags.items()}


def _arn(resource: Resource, service: str, kind: str) -> str:
    """ARN of a resource in the region of its stack."""
    region = (
        "" if service == "cloudfront" else resource.platform.pseudo(resource.stack)["AWS::Region"]
    )
    name = (
        resource.text("DBInstanceIdentifier")
        if kind == "db:"
        else f"${{{resource.stack}/{resource.id}}}"
    )
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{kind}{name}"


def allows(statement: Statement, use: Use) -> bool:
    """Return true if a statement covers action, resource and context of a use."""
    return (
        statement.may(use.action)
        and any(fnmatchcase(use.arn, text) for text in statement.texts())
        and all(
            any(fnmatchcase(use.context.get(key, ""), value) for value in values)
            for block in statement.conditions.values()
            for key, values in block.items()
        )
    )


def given(platform: Assembly, policy: str) -> list[Statement]:
    """Statements of a policy and of those that people have with it."""
    names = {OPERATOR, policy}
    return [
        statement
        for statement in statements_of(platform)
        if statement.resource["ManagedPolicyName"] in names
    ]


@pytest.fixture(scope="module")
def platform(templates: Callable[[str], dict[str, Template]]) -> Assembly:
    return Assembly(name="prod", settings=settings_of("prod"), templates=templates("prod"))


def test_people_may_use_every_resource(platform: Assembly) -> None:
    refused = [
        use
        for use in uses(platform)
        if not any(allows(statement, use) for statement in given(platform, use.policy))
    ]
    assert [f"{use.command}: {use.action} of {use.arn}" for use in refused] == []


def test_people_invoke_only_functions_that_rotate(platform: Assembly) -> None:
    invoked = {
        text
        for statement in given(platform, DATA)
        if statement.may("lambda:InvokeFunction")
        for text in statement.texts()
        if ":lambda:" in text
    }
    assert invoked == {use.arn for use in uses(platform) if use.action == "lambda:InvokeFunction"}


def test_documents_have_these_commands(platform: Assembly) -> None:
    commands = " ".join(LINES)
    assert [
        command
        for command in {use.command for use in uses(platform)}
        if f"aws {command} " not in commands
    ] == []
