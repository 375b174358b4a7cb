"""Rights on stores, from all policies in the templates of an environment."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from tools.model.assembly import Assembly
from tools.model.holders import holders, roles_of
from tools.model.statements import Statement, statements_of
from tools.model.values import ACCOUNT

ENDPOINT = "AWS::EC2::VPCEndpoint"
LOAD_BALANCERS = "arn:aws:iam::507241528517:root"
"""Account of load balancers that write access logs in sa-east-1.

Source: Elastic Load Balancing user guide, regions before 2022-08.
"""

_CLASSES = (
    ("administer", r"kms:\*"),
    ("use", r"kms:.*"),
    ("run", r"lambda:InvokeFunction|ecs:UpdateService"),
    ("read", r"\w+:(Get|BatchGet|BatchCheck|Describe|List|Query)\w*"),
    ("delete", r"\w+:(Delete|Remove)\w*"),
    ("call", r"\w+:\*|\*|sts:AssumeRoleWithWebIdentity"),
    ("write", r"\w+:\w+"),
)
"""Classes of action: `use` of keys, `run` of functions and services, `call` of whole APIs.

Endpoints and AWS managed policies allow whole APIs.
"""
_LITERAL = (
    (r"arn:aws:ssm:[\w-]+:\d+:parameter/spotmusic/\w+/edge/.*", "parameters of the edge"),
    (r"arn:aws:cloudfront::\d+:distribution/\*", "cached copies at the edge"),
    (rf"arn:aws:ses:[\w-]+:{ACCOUNT}:identity/[\w.-]+", "mail from one address"),
    (
        r"arn:aws:ssm:[\w-]+:\d+:parameter/spotmusic/\w+/internal-authority",
        "parameter of the authority",
    ),
    (r"arn:aws:ssm:[\w-]+:\d+:parameter/spotmusic/.*", "parameters"),
    (rf"arn:aws:ecr:[\w-]+:(?!{ACCOUNT})\d+:repository/.*", "images of another account"),
    (r"arn:aws:ecr:[\w-]+:\d+:repository/\w+/.*", "cached images"),
    (r"arn:aws:eks:[\w-]+:\d+:cluster/spotmusic-\w+", "eks-platform/KubernetesCluster"),
    (r"arn:aws:(s3:::|rds:[\w-]+:\d+:db:)awsbackup-restore-test-\*", "restored copies"),
    (r"arn:aws:s3:::cdk-\w+-assets-.*", "assets of the deployment"),
    (r"arn:aws:events:[\w-]+:\d+:rule/DO-NOT-DELETE-AmazonGuardDuty.*", "rule of GuardDuty"),
    (r"arn:aws:events:[\w-]+:\d+:event-bus/default", "event bus of the home region"),
    (r"arn:aws:s3:::prod-[\w-]+-starport-layer-bucket/\*", "image layers of AWS"),
    (r"arn:aws:s3:::cloudformation-.*/\*", "answers to CloudFormation"),
    (r"arn:aws:ec2:[\w-]+:\d+:(network-acl|subnet)/\*", "network ACLs of subnets"),
    (r"arn:aws:ec2:[\w-]+:\d+:(fleet|instance|launch-template|spot-instances-request)/\*", "nodes"),
    (r"arn:aws:ec2:[\w-]+:\d+:network-interface/\*", "network interfaces"),
    (r"arn:aws:ec2:[\w-]+:\d+:volume/\*", "volumes of nodes and pods"),
    (r"arn:aws:ecs:[\w-]+:\d+:cluster/default", "default cluster of ECS"),
    (r"arn:aws:ecs:[\w-]+:\d+:service/\*", "services"),
    (r"arn:aws:ecs:[\w-]+:\d+:task/\*", "tasks of services"),
)
"""Stores with literal names, which are created elsewhere or while the platform runs."""
_ANYTHING = (
    (r"cloudwatch:\w+", "metrics"),
    (r"ec2:\w+(NetworkInterfaces?|PrivateIpAddresses)", "network interfaces"),
    (r"ssmmessages:\w+", "sessions of Session Manager"),
    (r"ecr:GetAuthorizationToken", "token of the registry"),
    (r"secretsmanager:GetRandomPassword", "random passwords"),
    (r"backup:PutRestoreValidationResult", "verdicts on restores"),
    (r"backup:DescribeRestoreJob", "restore jobs"),
)
"""Names for rights on `*` without an ARN."""


@dataclass(frozen=True, kw_only=True, order=True)
class Grant:
    """Rights of one class on one store.

    Args:
        who: principal: `tasks of playback`, `pods monitoring/grafana`, a function by stack and
            logical id, or an AWS service.
        does: class of action.
        what: store, by stack and logical id, or a description if no template creates it.
        actions: sorted IAM actions; empty for an AWS managed policy.
    """

    who: str
    does: str
    what: str
    actions: tuple[str, ...]


def grants_of(platform: Assembly) -> set[Grant]:
    """Return the rights that policies and permissions of functions allow."""
    found: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for statement in (
        statement
        for statement in statements_of(platform)
        if statement.allows and statement.kind != "trust"
    ):
        for who in _who(statement):
            for action, does, what in _rights(statement):
                found[who, does, what].add(action)
    for permission in platform.all("AWS::Lambda::Permission"):
        function = permission.target("FunctionName")
        assert function
        found[_service(permission["Principal"]), "run", function.name].add(permission["Action"])
    found |= {(who, "call", f"policy {name}"): set() for who, name in _policies_of_aws(platform)}
    return {
        Grant(who=who, does=does, what=what, actions=tuple(sorted(actions)))
        for (who, does, what), actions in found.items()
    }


def _policies_of_aws(platform: Assembly) -> Iterator[tuple[str, str]]:
    """Rights by AWS managed policies: principal, and name of the policy."""
    for role, who in holders(platform).items():
        for index in range(len(role["ManagedPolicyArns"] or [])):
            arn = role.text(f"ManagedPolicyArns.{index}")
            if ":iam::aws:policy/" in arn:
                yield who, arn.rpartition("/")[2]


def _who(statement: Statement) -> Iterator[str]:
    if statement.kind == "identity":
        known = holders(statement.resource.platform)
        yield from (known[role] for role in roles_of(statement))
        return
    through = statement.values("StringEquals", "kms:ViaService")
    for _, principal in statement.principals:
        if principal == f"arn:aws:iam::{ACCOUNT}:root":
            yield "the account's IAM"
        elif statement.resource.type == ENDPOINT:
            yield "the VPC"
        elif principal == "*" and through:
            yield from (f"anybody through {service.partition('.')[0]}" for service in through)
        else:
            yield _service(principal)


def _service(principal: str) -> str:
    """Name of a service principal, such as `logs` for logs.sa-east-1.amazonaws.com."""
    if principal == LOAD_BALANCERS:
        return "elb-account"
    return re.sub(r"(\.[a-z]+-[a-z]+-\d)?\.amazonaws\.com$", "", principal)


def _rights(statement: Statement) -> Iterator[tuple[str, str, str]]:
    assert not statement.negated, (
        f"{statement} allows all except some, which cannot be listed. List the allowed ones."
    )
    for action in statement.actions:
        does = next(name for name, pattern in _CLASSES if re.fullmatch(pattern, action))
        for resource in statement.texts():
            yield action, does, _what(statement, action, resource)


def _what(statement: Statement, action: str, resource: str) -> str:
    if found := re.findall(r"\$\{([\w-]+)/(\w+)", resource):
        # ARNs of ECS services start with the cluster.
        return statement.resource.platform.resource(
            *found[-1 if ":service/" in resource else 0]
        ).name
    if resource == "*" and statement.kind == "resource":
        return statement.resource.name + _reach(statement)
    if resource == "*":
        return next(
            (name for pattern, name in _ANYTHING if re.fullmatch(pattern, action)),
            f"{action.partition(':')[0]} in general",
        )
    for key, arn in statement.resource.platform.settings.named_secrets.items():
        if resource == arn:
            return f"secret {key}"
    return next(name for pattern, name in _LITERAL if re.fullmatch(pattern, resource))


def _reach(statement: Statement) -> str:
    """Accounts that an endpoint policy allows as principals and resources.

    It is empty for other policies.
    """
    if statement.resource.type != ENDPOINT:
        return ""
    sides = {"principals": "aws:principalaccount", "resources": "aws:resourceaccount"}
    ours = [
        side for side, key in sides.items() if statement.values("StringEquals", key) == (ACCOUNT,)
    ]
    return f" for our {' and '.join(ours)}" if ours else " for anybody"
