"""Function that sets passwords: one asset for databases and cache, with the one library that it needs."""

import shutil
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct, IDependable

from spotmusic_constructs import runtimes
from spotmusic_constructs.acknowledge import acknowledge
from spotmusic_constructs.data import rds_ca
from spotmusic_constructs.log_retention import LogRetention
from spotmusic_constructs.platform_function import PLACED_IN_VPC, FunctionNetwork, PlatformFunction

ROTATION_DAYS = 30
"""Days between two passwords. The one before stays valid until the next rotation, so clients have as long to take the new one."""
_HANDLER = Path(__file__).parent / "credentials_handler"
_LIBRARY = "pymysql"
"""The runtime has no MySQL client. PyMySQL is pure Python: the installed package is the asset, and no container builds it."""


class CredentialsFunction(PlatformFunction):
    """A function in the VPC that replaces passwords when Secrets Manager asks for it.

    Creates the function (Python), its role, its log group, and the permission for Secrets Manager to call it. The
    role may write its logs, place the function in the VPC and make up passwords; `admit` adds a secret.

    Args:
        handler: entry in `credentials_handler`, such as `database.handler`.
        description: whose passwords they are.
        environment: environment variables.
        network: place of the function, with a way to AWS APIs and to the store.
        log_key: customer-managed key of the data class "logs".
        retention: retention of the log group; it is a security record.
        timeout: seconds that a step of a rotation may take.

    Example:
        function = CredentialsFunction(self, "Function", handler="database.handler", description="Users of the catalogue", **options)
        function.admit(secret)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        handler: str,
        description: str,
        environment: Mapping[str, str],
        network: FunctionNetwork,
        log_key: kms.IKey,
        retention: LogRetention,
        timeout: cdk.Duration,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description=description,
            code=credentials_code(),
            handler=handler,
            environment=environment,
            network=network,
            statements=[iam.PolicyStatement(actions=[*PLACED_IN_VPC, "secretsmanager:GetRandomPassword"], resources=["*"])],
            log_key=log_key,
            log_retention=retention.security,
            timeout=timeout,
            acknowledged=_ACKNOWLEDGED,
        )
        self.function.add_permission(
            "SecretsManager",
            principal=iam.ServicePrincipal("secretsmanager.amazonaws.com"),
            source_account=cdk.Stack.of(self).account,
        )
        acknowledge(self.rights.policies[0], _ACKNOWLEDGED_RIGHTS)

    def admit(self, *secret_arns: str) -> None:
        """Lets the function rotate secrets."""
        actions = ("DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage")
        self.allow([f"secretsmanager:{action}" for action in actions], secret_arns)

    def allow(self, actions: Sequence[str], resources: Sequence[str]) -> None:
        """Gives the function a right that its store asks for, if there is anything to have it on."""
        if not resources:
            return
        self.rights.add(iam.PolicyStatement(actions=list(actions), resources=list(resources)))


def rotate_on_schedule(secret: secretsmanager.CfnSecret, function: CredentialsFunction, *, after: IDependable) -> None:
    """Rotates a secret every `ROTATION_DAYS`, beginning so many days after its creation.

    Args:
        secret: the secret.
        function: who rotates it.
        after: what has to stand before the password can be proved, which Secrets Manager does as soon as there is a schedule.
    """
    schedule = secretsmanager.CfnRotationSchedule(
        secret,
        "Rotation",
        secret_id=secret.ref,
        rotation_lambda_arn=function.function.function_arn,
        rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(automatically_after_days=ROTATION_DAYS),
        # The password was made up a minute ago.
        rotate_immediately_on_update=False,
    )
    schedule.node.add_dependency(after, function)


@jsii.implements(cdk.ILocalBundling)
class _CopiedLibrary:
    """Puts handlers, certificates of every region and installed library side by side, without anything that differs between machines."""

    def try_bundle(self, output_dir: str, *, image: cdk.DockerImage, **_options: Any) -> bool:
        library = find_spec(_LIBRARY)
        if library is None or library.origin is None:
            raise ModuleNotFoundError(f"{_LIBRARY} is not installed. Install requirements.txt.")
        for file in _HANDLER.glob("*.py"):
            shutil.copy(file, output_dir)
        certificates = Path(output_dir, rds_ca.FOLDER.name)
        certificates.mkdir()
        for file in rds_ca.FOLDER.glob("*.pem"):
            shutil.copy(file, certificates)
        shutil.copytree(Path(library.origin).parent, Path(output_dir, _LIBRARY), ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        return True


def credentials_code() -> lambda_.Code:
    """Return the code of the function, the same on every machine that has the same version of the library."""
    return lambda_.Code.from_asset(
        str(_HANDLER),
        # The hash of what was copied: that of the folder would not notice a new version of the library.
        asset_hash_type=cdk.AssetHashType.OUTPUT,
        bundling=cdk.BundlingOptions(image=runtimes.PYTHON.bundling_image, local=_CopiedLibrary()),
    )


_ACKNOWLEDGED_RIGHTS = {
    "AwsSolutions::AwsSolutions-IAM5[Resource::*]": (
        "Network interfaces of a function and random passwords are not resources that a policy could name before they exist."
    ),
}
_ACKNOWLEDGED = {
    "NIST.800.53.R5::NIST.800.53.R5-LambdaConcurrency": (
        "Secrets Manager calls it a few times a month, one step after another; a reservation would take from the account's share."
    ),
    "NIST.800.53.R5::NIST.800.53.R5-LambdaDLQ": (
        "Secrets Manager and CloudFormation wait for each answer, try again and report a failure themselves: no event is lost in silence."
    ),
}
