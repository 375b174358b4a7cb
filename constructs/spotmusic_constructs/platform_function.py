"""Lambda function with its log group, its role and its rights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from spotmusic_constructs import runtimes
from spotmusic_constructs.acknowledge import acknowledge
from spotmusic_constructs.location import location_of
from spotmusic_constructs.rights import Rights, Statement, allow

CUSTOM_RESOURCES = Path(__file__).parent / "custom_resource_handler"
"""Handlers of custom resources, with the shared answer to CloudFormation."""
CUSTOM_RESOURCE_FINDINGS = {
    "NIST.800.53.R5::NIST.800.53.R5-LambdaConcurrency": (
        "Called a few times a deployment; a reservation would reduce the concurrency of the "
        "account."
    ),
    "NIST.800.53.R5::NIST.800.53.R5-LambdaDLQ": (
        "CloudFormation waits for the answer of every event and fails without one: none is lost."
    ),
    "NIST.800.53.R5::NIST.800.53.R5-LambdaInsideVPC": (
        "It calls public AWS APIs over TLS and connects to nothing in the VPC."
    ),
}
"""Reasons by acknowledged finding on a function that answers CloudFormation, outside the VPC."""
_ARM64 = lambda_.Architecture.ARM_64
PLACED_IN_VPC = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
"""Actions of Lambda with the function's role to create its network interface (AWS Lambda developer
guide, VPC permissions)."""


@dataclass(frozen=True, kw_only=True)
class FunctionNetwork:
    """Placement of a function in a VPC. Its rights must include `PLACED_IN_VPC`.

    Args:
        vpc: network of the function.
        subnets: subnets of the function, with a route to AWS APIs.
        security_group: security group of the function.
    """

    vpc: ec2.IVpc
    subnets: ec2.SubnetSelection
    security_group: ec2.ISecurityGroup


class PlatformFunction(Construct):
    """Function on ARM that may write its own log, plus the given statements.

    Creates the log group, a role that only Lambda of this account may assume, its managed policies
    and the function.

    Args:
        description: purpose of the function, and of its role without `role_description`.
        code: code of the function.
        log_key: customer-managed key of the data class "logs".
        log_retention: retention of the log group.
        timeout: longest run.
        acknowledged: reason by finding on the function.
        statements: rights beyond those on its log.
        environment: environment variables.
        handler: entry of the code.
        runtime: runtime of the function.
        network: placement in a VPC. Default: none.
        retry_attempts: further attempts after a failed asynchronous call. Default: two, that of
            Lambda.
        role_description: purpose of the role.
        rights_description: purpose of the managed policies.

    Attributes:
        function: the function.
        arn: ARN of the function.
        rights: rights of its role, to add others.

    Example:
        PlatformFunction(self, "Hello", description="Greets", code=code, log_key=keys.logs,
                         log_retention=retention_of(365), timeout=cdk.Duration.seconds(30),
                         acknowledged={})
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        description: str,
        code: lambda_.Code,
        log_key: kms.IKey,
        log_retention: logs.RetentionDays,
        timeout: cdk.Duration,
        acknowledged: Mapping[str, str],
        statements: Sequence[Statement] = (),
        environment: Mapping[str, str] | None = None,
        handler: str = "index.handler",
        runtime: lambda_.Runtime = runtimes.PYTHON,
        network: FunctionNetwork | None = None,
        retry_attempts: int | None = None,
        role_description: str | None = None,
        rights_description: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = logs.LogGroup(
            self,
            "Logs",
            encryption_key=log_key,
            retention=log_retention,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        role = iam.Role(
            self,
            "Role",
            description=role_description or description,
            assumed_by=lambda_of(location_of(scope).account),
        )
        # A log group's ARN ends in `:*`, its streams.
        write_log = allow(["logs:CreateLogStream", "logs:PutLogEvents"], [log_group.log_group_arn])
        # Managed: NIST 800-53 AC-3 rules reject inline policies.
        self.rights = Rights(
            self,
            "Policy",
            role=role,
            statements=[write_log, *statements],
            description=rights_description,
        )
        self.function = lambda_.Function(
            self,
            "Function",
            description=description,
            runtime=runtime,
            architecture=_ARM64,
            handler=handler,
            code=code,
            environment=dict(environment or {}),
            role=role,
            log_group=log_group,
            memory_size=256,
            timeout=timeout,
            retry_attempts=retry_attempts,
            vpc=network.vpc if network else None,
            vpc_subnets=network.subnets if network else None,
            security_groups=[network.security_group] if network else None,
        )
        self.arn = self.function.function_arn
        if network:
            # Lambda requires the rights before it places the function in the VPC.
            self.function.node.add_dependency(*self.rights.policies)
        acknowledge(self.function, acknowledged)


@cache
def lambda_of(account: str) -> iam.IPrincipal:
    """Return the principal of Lambda on behalf of functions of an account."""
    return iam.ServicePrincipal(
        "lambda.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": account}}
    )
