"""Least-privilege users of a MySQL database, made by the deployment, with passwords that rotate without an outage."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from spotmusic_constructs.data.credentials_function import CredentialsFunction, rotate_on_schedule
from spotmusic_constructs.data.rds_ca import rds_ca
from spotmusic_constructs.log_retention import KEPT, LogRetention
from spotmusic_constructs.platform_function import FunctionNetwork
from spotmusic_constructs.secrets.generated_secret import GeneratedSecret

Role = Literal["owner", "reader", "writer", "migrator"]
"""Rights on a database: anything; read rows; read and change rows; change rows and tables, but neither grant nor use routines."""


@dataclass(frozen=True, kw_only=True)
class DatabaseEndpoint:
    """Where a database answers, and who is its master.

    Args:
        host: name of the server.
        port: TCP port.
        master_secret: secret of the master user, `{"username": …, "password": …}`.
    """

    host: str
    port: int
    master_secret: secretsmanager.ISecret


class DatabaseUsers(Construct):
    """Users with the rights that they need on their databases, and nothing outside of them.

    Creates a secret `{"username", "password", "host", "port", "dbname"}` for each user, a function that logs in as the
    master user over verified TLS and creates databases and users (`CREATE … IF NOT EXISTS`, `REQUIRE SSL`, rights on the user's
    databases only, and revokes others), and a rotation schedule for each secret. The same function rotates: MySQL keeps two passwords for a
    user, and the one before stays valid until the next rotation. Taking a name away locks its user and drops neither user nor data.

    Args:
        endpoint: the database and its master.
        databases: name of the database by user name. Names are lower-case letters, digits and hyphens, users' at most 32
            characters (MySQL's limit).
        rights: roles of each user by database, such as `{"playback": {"catalogue": "reader"}}`, for users of shared databases. All users
            must be there. When left out, each is the owner of its own database.
        vpc: network of the function.
        vpc_subnets: subnets of the function, with a way to AWS APIs.
        security_group: who may talk to the database.
        key: customer-managed key of the data class "secrets".
        log_key: customer-managed key of the data class "logs".
        retention: retention of the log groups.
        removal_policy: what happens to the secrets when their stack goes.

    Raises:
        ValueError: if the name of a user is too long for MySQL, rights and databases name different users, or the root certificates of RDS
            in the region are not in the package.

    Example:
        users = DatabaseUsers(self, "Users", endpoint=endpoint, databases={"keycloak": "keycloak"}, vpc=vpc, **options)
        users.secrets["keycloak"].grant_read(role)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        endpoint: DatabaseEndpoint,
        databases: Mapping[str, str],
        vpc: ec2.IVpc,
        vpc_subnets: ec2.SubnetSelection,
        security_group: ec2.ISecurityGroup,
        key: kms.IKey,
        log_key: kms.IKey,
        retention: LogRetention = KEPT,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
        rights: Mapping[str, Mapping[str, Role]] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        if rights is not None and rights.keys() != databases.keys():
            raise ValueError(f"rights: they name {', '.join(sorted(rights))}, and databases {', '.join(sorted(databases))}. Name the same.")
        too_long = [name for name in databases if len(name) > 32]
        if too_long:
            raise ValueError(f"databases: {', '.join(too_long)} is longer than the 32 characters that MySQL takes. Choose a shorter name.")

        region = cdk.Stack.of(self).region
        if not cdk.Token.is_unresolved(region):
            rds_ca(region)

        secrets = {
            name: GeneratedSecret(
                self,
                name,
                key=key,
                description=f"MySQL user {name}",
                username=name,
                fields={"host": endpoint.host, "port": str(endpoint.port), "dbname": database},
                removal_policy=removal_policy,
            )
            for name, database in databases.items()
        }
        self.secrets: Mapping[str, secretsmanager.ISecret] = {name: secret.secret for name, secret in secrets.items()}
        arns = [secret.secret_arn for secret in self.secrets.values()]
        self.function = CredentialsFunction(
            self,
            "Function",
            handler="database.handler",
            description="Creates MySQL users and rotates their passwords",
            environment={
                "DATABASE_HOST": endpoint.host,
                "DATABASE_PORT": str(endpoint.port),
                "MASTER_SECRET_ARN": endpoint.master_secret.secret_arn,
            },
            network=FunctionNetwork(vpc=vpc, subnets=vpc_subnets, security_group=security_group),
            log_key=log_key,
            retention=retention,
            timeout=cdk.Duration.minutes(2),
        )
        self.function.admit(*arns)
        self.function.allow(["secretsmanager:GetSecretValue"], [endpoint.master_secret.secret_arn])
        users = cdk.CustomResource(
            self,
            "Resource",
            resource_type="Custom::DatabaseUsers",
            service_token=self.function.function.function_arn,
            service_timeout=cdk.Duration.minutes(5),
            # The host stands among them so that a database that was replaced gets its users too.
            properties={
                "Secrets": arns,
                "Users": list(databases),
                "Host": endpoint.host,
                **({} if rights is None else {"Rights": {user: dict(roles) for user, roles in rights.items()}}),
            },
        )
        for secret in secrets.values():
            rotate_on_schedule(secret.resource, self.function, after=users)
