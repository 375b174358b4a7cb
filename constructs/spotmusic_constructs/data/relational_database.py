"""A MySQL database: the instance, its logs, and the users in it."""

from collections.abc import Mapping
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge
from spotmusic_constructs.data.backup_plan import CONTINUOUS_DAYS
from spotmusic_constructs.data.database_findings import ACKNOWLEDGED, deviations
from spotmusic_constructs.data.database_logs import database_log_groups
from spotmusic_constructs.data.database_users import DatabaseEndpoint, DatabaseUsers, Role
from spotmusic_constructs.data.mysql_instance import PORT, mysql_instance
from spotmusic_constructs.log_retention import KEPT, LogRetention


@dataclass(frozen=True, kw_only=True)
class DatabaseKeys:
    """Customer-managed keys by data class.

    Args:
        database: instance, snapshots, insights and master secret.
        secrets: secrets of the users.
        logs: log groups.
    """

    database: kms.IKey
    secrets: kms.IKey
    logs: kms.IKey


class RelationalDatabase(Construct):
    """An RDS for MySQL instance that outlives its stack, with a least-privilege user for each of its clients.

    Creates the instance, its subnet, parameter and option group, its log groups, its monitoring role, and `DatabaseUsers`. TLS is
    required; storage, snapshots, insights and the master secret, which RDS makes and rotates, are encrypted with your key;
    errors, slow queries and the audit log (connections, changes of schema and rights) go to log groups of ours, which have to stand
    before RDS makes its own without key or retention. That is why the instance has a name.

    Args:
        identifier: name of the instance, and part of the names of its log groups.
        engine_version: exact version of MySQL 8.4 or later.
        instance_type: class of the instance.
        multi_az: whether a standby waits in another zone, and takes over in one to two minutes.
        storage_gib: gp3 storage at creation.
        max_storage_gib: limit of storage autoscaling.
        retention: retention of the log groups.
        backup_retention_days: days of point-in-time recovery, at most 35. AWS Backup sets its own 35 days with the first continuous backup,
            and RDS refuses any other value from then on.
        maintenance_window: when RDS may restart it, in UTC; not while another database of the same clients is maintained, or while
            `BackupPlan` starts its backups.
        databases: name of the database by user name.
        rights: roles of each user by database, where databases are shared; each user owns its database when left out.
        vpc: network of the instance.
        vpc_subnets: subnets of the instance.
        security_group: who may talk to it.
        users_subnets: subnets of the function that creates users.
        users_security_group: who that function may talk to.
        keys: keys by data class.
        production: keeps 15 months of insights instead of a week, and refuses to delete the instance.
        removal_policy: what happens to the instance when its stack goes: a last snapshot stays unless it says otherwise.

    Example:
        catalogue = RelationalDatabase(self, "Catalogue", identifier="spotmusic-prod-catalogue", databases={"playback": "playback"}, ...)
        catalogue.users["playback"].grant_read(role)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        identifier: str,
        engine_version: str,
        instance_type: ec2.InstanceType,
        databases: Mapping[str, str],
        vpc: ec2.IVpc,
        vpc_subnets: ec2.SubnetSelection,
        security_group: ec2.ISecurityGroup,
        users_subnets: ec2.SubnetSelection,
        users_security_group: ec2.ISecurityGroup,
        keys: DatabaseKeys,
        multi_az: bool = True,
        storage_gib: int = 20,
        max_storage_gib: int = 100,
        retention: LogRetention = KEPT,
        backup_retention_days: int = CONTINUOUS_DAYS,
        maintenance_window: str = "mon:08:00-mon:09:00",
        production: bool = True,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.SNAPSHOT,
        rights: Mapping[str, Mapping[str, Role]] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        deletable = removal_policy == cdk.RemovalPolicy.DESTROY
        # A snapshot that stays keeps needing its option group, and an instance that stays keeps needing all three.
        groups_policy = removal_policy if deletable else cdk.RemovalPolicy.RETAIN
        # Kept when the stack goes, but not when its first creation fails: their names would be taken at the next try.
        logs_policy = removal_policy if deletable else cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        self.port = PORT
        self.subnet_group = rds.SubnetGroup(
            self,
            "SubnetGroup",
            description=f"Subnets of the {construct_id} database",
            vpc=vpc,
            vpc_subnets=vpc_subnets,
            removal_policy=groups_policy,
        )
        log_groups = database_log_groups(self, identifier=identifier, key=keys.logs, retention=retention, removal_policy=logs_policy)
        self.instance = mysql_instance(
            self,
            identifier=identifier,
            engine_version=engine_version,
            instance_type=instance_type,
            multi_az=multi_az,
            storage_gib=storage_gib,
            max_storage_gib=max_storage_gib,
            backup_retention_days=backup_retention_days,
            maintenance_window=maintenance_window,
            vpc=vpc,
            subnet_group=self.subnet_group,
            security_group=security_group,
            key=keys.database,
            production=production,
            removal_policy=removal_policy,
            groups_policy=groups_policy,
        )
        self.instance.node.add_dependency(*log_groups)
        acknowledge(self.instance, {**ACKNOWLEDGED, **deviations(multi_az=multi_az, production=production)})
        self.endpoint = self.instance.db_instance_endpoint_address
        users = DatabaseUsers(
            self,
            "Users",
            endpoint=DatabaseEndpoint(host=self.endpoint, port=PORT, master_secret=_master_secret(self.instance)),
            databases=databases,
            rights=rights,
            vpc=vpc,
            vpc_subnets=users_subnets,
            security_group=users_security_group,
            key=keys.secrets,
            log_key=keys.logs,
            retention=retention,
            removal_policy=groups_policy,
        )
        self.users: Mapping[str, secretsmanager.ISecret] = users.secrets
        self.rotation = users.function.function


def _master_secret(instance: rds.DatabaseInstance) -> secretsmanager.ISecret:
    if instance.secret is None:
        raise AssertionError("RDS was told to make a master secret")
    return instance.secret
