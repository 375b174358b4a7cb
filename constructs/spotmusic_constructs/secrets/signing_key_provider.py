"""The function that makes key pairs while a stack deploys."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge

_HANDLER = Path(__file__).parent / "signing_key_handler"


class SigningKeyProvider(Construct):
    """One function behind every `SigningKeyPair`: it may read and write the secrets of the pairs and nothing else.

    Creates the function (Node.js 24, with the AWS SDK of the runtime), its role and its log group. It answers
    CloudFormation by itself, so that no framework's function ever handles an event of it.

    Args:
        log_key: customer-managed key of the data class "logs".
        log_retention: how long events are kept. They tell when a signing key was made: a year, as for security records.

    Example:
        provider = SigningKeyProvider(self, "SigningKeyProvider", log_key=keys.logs)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        log_key: kms.IKey,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = logs.LogGroup(self, "Logs", encryption_key=log_key, retention=log_retention, removal_policy=cdk.RemovalPolicy.DESTROY)
        role = iam.Role(
            self,
            "Role",
            description="Makes the key pairs that sign audio URLs",
            assumed_by=iam.ServicePrincipal(
                "lambda.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}}
            ),
        )
        # Managed, because an inline policy is what NIST 800-53 AC-3 rules refuse.
        self.policy = iam.ManagedPolicy(
            self,
            "Policy",
            description="What the key pair function may do",
            roles=[role],
            # A log group's ARN ends in `:*`, which is its streams.
            statements=[iam.PolicyStatement(actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log_group.log_group_arn])],
        )
        self.function = lambda_.Function(
            self,
            "Function",
            description="Makes the key pairs that sign audio URLs",
            runtime=lambda_.Runtime.NODEJS_24_X,
            architecture=lambda_.Architecture.ARM_64,
            handler="index.handler",
            code=lambda_.Code.from_asset(str(_HANDLER)),
            role=role,
            log_group=log_group,
            memory_size=256,
            timeout=cdk.Duration.seconds(60),
        )
        self._acknowledge()

    def admit(self, secret_arn: str) -> None:
        """Lets the function read and write the secret of one more pair."""
        self.policy.add_statements(
            iam.PolicyStatement(actions=["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"], resources=[secret_arn])
        )

    def _acknowledge(self) -> None:
        acknowledge(
            self.function,
            {
                "NIST.800.53.R5::NIST.800.53.R5-LambdaConcurrency": (
                    "CloudFormation calls it once for each key pair of a deployment; a reservation would take from the account's share."
                ),
                "NIST.800.53.R5::NIST.800.53.R5-LambdaDLQ": (
                    "CloudFormation waits for the answer of every event and fails the deployment without one: no event is lost in silence."
                ),
                "NIST.800.53.R5::NIST.800.53.R5-LambdaInsideVPC": (
                    "It calls Secrets Manager and answers CloudFormation, both public APIs over TLS, and reaches nothing in the VPC."
                ),
            },
        )
