"""Metric of waiting messages in queues of RabbitMQ, for scaling."""

import json
from collections.abc import Sequence
from pathlib import Path

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from spotmusic_constructs import durations
from spotmusic_constructs.acknowledge import acknowledge, wildcard_finding
from spotmusic_constructs.arns import secret_arn
from spotmusic_constructs.location import location_of
from spotmusic_constructs.platform_function import PLACED_IN_VPC, FunctionNetwork, PlatformFunction
from spotmusic_constructs.rights import allow
from spotmusic_constructs.services.scaling import Queue

NAMESPACE = "Spotmusic/Queues"
METRIC_NAME = "ReadyMessages"
_HANDLER = Path(__file__).parent / "queue_depth_handler"


class QueueDepth(PlatformFunction):
    """Function that publishes `Spotmusic/Queues` `ReadyMessages` per queue every minute.

    Creates the function (Python, in the application subnets), its role, its log group and the rule
    that calls it. It reads RabbitMQ's management API, and trusts public authorities (the load
    balancer has a certificate of ACM), or only the one in `authority_parameter`. It always verifies
    the certificate, because it sends a password.

    Args:
        management_url: address of the management API, such as
            `https://brokers.internal.example:15671`.
        user: secret `{"username", "password"}` of a RabbitMQ user with the tag `monitoring`.
        queue_names: names of the queues.
        environment_name: name of the environment, a dimension of the metric: an account may have
            several.
        vpc: network of the function, with a subnet group "application".
        security_group: security group of the function.
        log_key: customer-managed key of the data class "logs".
        log_retention: retention of the log groups.
        authority_parameter: name of the parameter with the certificate (PEM) of RabbitMQ's
            authority.

    Example:
        depth = QueueDepth(self, "QueueDepth", user=user, queue_names=["notifications"],
                           management_url="https://brokers.internal.example:15671",
                           environment_name="prod", vpc=vpc, security_group=security_group,
                           log_key=keys.logs)
        depth.queue("notifications")
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        management_url: str,
        user: secretsmanager.ISecret,
        queue_names: Sequence[str],
        environment_name: str,
        vpc: ec2.IVpc,
        security_group: ec2.ISecurityGroup,
        log_key: kms.IKey,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        authority_parameter: str | None = None,
    ) -> None:
        location = location_of(scope)
        only_here = {"StringEquals": {"cloudwatch:namespace": NAMESPACE}}
        statements = [
            allow(["secretsmanager:GetSecretValue"], [secret_arn(user)]),
            allow(["cloudwatch:PutMetricData"], ["*"], only_here),
            allow(PLACED_IN_VPC, ["*"]),
        ]
        if authority_parameter:
            arn = location.arn("ssm", f"parameter{authority_parameter}")
            statements.append(allow(["ssm:GetParameter"], [arn]))
        super().__init__(
            scope,
            construct_id,
            description="Counts the messages that wait in RabbitMQ's queues",
            code=lambda_.Code.from_asset(str(_HANDLER), exclude=["__pycache__"]),
            environment={
                "ENDPOINT": management_url,
                "USER_ARN": secret_arn(user),
                "QUEUES": json.dumps(sorted(queue_names)),
                "NAMESPACE": NAMESPACE,
                "METRIC_NAME": METRIC_NAME,
                "DIMENSIONS": json.dumps({"Environment": environment_name}),
                **({"AUTHORITY_PARAMETER": authority_parameter} if authority_parameter else {}),
            },
            network=FunctionNetwork(
                vpc=vpc,
                subnets=ec2.SubnetSelection(subnet_group_name="application"),
                security_group=security_group,
            ),
            statements=statements,
            log_key=log_key,
            log_retention=log_retention,
            timeout=durations.seconds(30),
            # No retry: the next minute counts again, and an old count would be wrong.
            retry_attempts=0,
            acknowledged=_ACKNOWLEDGED,
        )
        self._environment = environment_name
        acknowledge(self.rights.policies[0], _ACKNOWLEDGED_RIGHTS)
        events.Rule(
            self,
            "EveryMinute",
            description="Counts waiting messages",
            schedule=events.Schedule.rate(durations.minutes(1)),
            targets=[
                targets.LambdaFunction(
                    self.function, retry_attempts=0, max_event_age=durations.minutes(1)
                )
            ],
        )

    def queue(self, name: str) -> Queue:
        """Return the metric of a queue."""
        return waiting_messages(self._environment, name)


def waiting_messages(environment: str, queue: str) -> Queue:
    """Return the metric of waiting messages in a queue."""
    return Queue(
        namespace=NAMESPACE,
        metric_name=METRIC_NAME,
        dimensions={"Environment": environment, "Queue": queue},
    )


_ACKNOWLEDGED_RIGHTS = {
    wildcard_finding("*"): (
        "Metrics have no ARN: a condition names their namespace. "
        "Network interfaces of a function do not exist before it."
    )
}
_ACKNOWLEDGED = {
    "NIST.800.53.R5::NIST.800.53.R5-LambdaConcurrency": (
        "It is called once a minute; a reservation would reduce the concurrency of the account."
    ),
    "NIST.800.53.R5::NIST.800.53.R5-LambdaDLQ": (
        "A missing count has no value a minute later, when the next one is taken."
    ),
}
