"""Least-privilege MySQL users, created by the deployment, with password rotation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from spotmusic_constructs import durations
from spotmusic_constructs.arns import secret_arn
from spotmusic_constructs.data.credentials_function import (
    CredentialsFunction,
    rotate_on_schedule,
    rotation_rights,
)
from spotmusic_constructs.data.rds_ca import rds_ca
from spotmusic_constructs.location import facts_of, location_of
from spotmusic_constructs.platform_function import FunctionNetwork
from spotmusic_constructs.rights import allow
from spotmusic_constructs.secrets.generated_secret import GeneratedSecret

Role = Literal["owner", "reader", "writer", "migrator"]
"""Rights on a database: all; read rows; read and change rows; change rows and tables without grants
or routines."""


@dataclass(frozen=True, kw_only=True)
class DatabaseEndpoint:
    """Endpoint and master secret of a database.

    Args:
        host: host name of the server.
        port: TCP port.
        master_secret: secret of the master user, `{"username": …, "password": …}`.
    """

    host: str
    port: int
    master_secret: secretsmanager.ISecret


class DatabaseUsers(Construct):
    """MySQL users with rights on their own databases only.

    Creates a secret `{"username", "password", "host", "port", "dbname"}` for each user, a function
    that logs in as the master user over verified TLS and creates databases and users (`CREATE … IF
    NOT EXISTS`, `REQUIRE SSL`, grants on the user's databases, revokes of all others), and a
    rotation schedule for each secret. The same function rotates passwords: MySQL keeps two for a
    user, and the previous one stays valid until the next rotation. Removing a name locks its user
    and drops neither user nor data.

    Args:
        endpoint: endpoint and master secret of the database.
        databases: name of the database by user name. Names are lower-case letters, digits and
            hyphens, users' at most 32 characters (MySQL's limit).
        rights: roles of each user by database, such as `{"playback": {"catalogue": "reader"}}`, for
            shared databases. It must list all users. Default: each user owns its own database.
        vpc: network of the function.
        vpc_subnets: subnets of the function, with a route to AWS APIs.
        security_group: security group of the function, which reaches the database.
        key: customer-managed key of the data class "secrets".
        log_key: customer-managed key of the data class "logs".
        log_retention: retention of the log groups.
        removal_policy: policy of the secrets when their stack is deleted.

    Raises:
        ValueError: if a user name is too long for MySQL, `rights` and `databases` list different
            users, or the package lacks the RDS root certificates of the region.

    Example:
        users = DatabaseUsers(self, "Users", endpoint=endpoint, databases={"keycloak": "keycloak"},
                              vpc=vpc, **options)
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
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
        rights: Mapping[str, Mapping[str, Role]] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        _check(databases, rights, location_of(scope).region)

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
        self.secrets: Mapping[str, secretsmanager.ISecret] = {
            name: secret.secret for name, secret in secrets.items()
        }
        arns = [secret_arn(secret) for secret in self.secrets.values()]
        master = secret_arn(endpoint.master_secret)
        self.function = CredentialsFunction(
            self,
            "Function",
            handler="database.handler",
            description="Creates MySQL users and rotates their passwords",
            # The master's first, in the policy of the first users: the handler waits for the rights
            # on secrets of users only.
            statements=[allow(["secretsmanager:GetSecretValue"], [master]), rotation_rights(arns)],
            environment={
                "DATABASE_HOST": endpoint.host,
                "DATABASE_PORT": str(endpoint.port),
                "MASTER_SECRET_ARN": master,
            },
            network=FunctionNetwork(vpc=vpc, subnets=vpc_subnets, security_group=security_group),
            log_key=log_key,
            log_retention=log_retention,
            timeout=durations.minutes(2),
        )
        # The host is a property, so that the users of a replaced database are created too.
        properties: dict[str, object] = {
            "Secrets": arns,
            "Users": list(databases),
            "Host": endpoint.host,
        }
        if rights is not None:
            properties["Rights"] = {user: dict(roles) for user, roles in rights.items()}
        users = cdk.CustomResource(
            self,
            "Resource",
            resource_type="Custom::DatabaseUsers",
            service_token=self.function.arn,
            service_timeout=durations.minutes(5),
            properties=properties,
        )
        for secret in secrets.values():
            rotate_on_schedule(secret, self.function, after=users)


def _check(
    databases: Mapping[str, str], rights: Mapping[str, Mapping[str, Role]] | None, region: str
) -> None:
    if rights is not None and rights.keys() != databases.keys():
        names = ", ".join(sorted(rights.keys() ^ databases.keys()))
        raise ValueError(
            f"rights: {names} is not in both rights and databases. List the same users in both."
        )
    too_long = [name for name in databases if len(name) > 32]
    if too_long:
        raise ValueError(
            f"databases: {', '.join(too_long)} is longer than the 32 characters that MySQL "
            "allows. Choose a shorter name."
        )
    if facts_of(region):
        rds_ca(region)
