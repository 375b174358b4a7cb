"""Function that creates key pairs during deployment."""

from pathlib import Path

from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from spotmusic_constructs import durations
from spotmusic_constructs.platform_function import CUSTOM_RESOURCE_FINDINGS, PlatformFunction
from spotmusic_constructs.rights import allow

_HANDLER = Path(__file__).parent / "signing_key_handler"


class SigningKeyProvider(PlatformFunction):
    """Function of every `SigningKeyPair`; it reads and writes only the secrets of the pairs.

    Creates the function (Node.js 24, with the AWS SDK of the runtime), its role and its log group.
    It responds to CloudFormation directly, so no other function handles its events.

    Args:
        log_key: customer-managed key of the data class "logs".
        log_retention: retention of the log group. It records when a signing key was created: a
            year, as for security records.

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
        super().__init__(
            scope,
            construct_id,
            description="Creates the key pairs that sign audio URLs",
            rights_description="What the key pair function may do",
            code=lambda_.Code.from_asset(str(_HANDLER)),
            runtime=lambda_.Runtime.NODEJS_24_X,
            log_key=log_key,
            log_retention=log_retention,
            timeout=durations.seconds(60),
            acknowledged=CUSTOM_RESOURCE_FINDINGS,
        )

    def admit(self, secret_arn: str) -> None:
        """Let the function read and write the secret of one more pair."""
        self.rights.add(
            allow(["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"], [secret_arn])
        )
