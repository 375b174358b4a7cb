"""A MySQL database: the instance, how it is set up, and the users in it."""

from collections.abc import Mapping
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge
from spotmusic_constructs.data.database_findings import ACKNOWLEDGED, deviations
from spotmusic_constructs.data.database_logs import LOG_EXPORTS, database_log_groups
from spotmusic_constructs.data.database_monitoring import monitoring_role
from spotmusic_constructs.data.database_users import DatabaseEndpoint, DatabaseUsers
from spotmusic_constructs.data.mysql_groups import mysql_option_group, mysql_parameter_group

PORT = 3306
"""MySQL's own port. Another would hide nothing from who may open a connection, and surprise every client."""
MASTER_USERNAME = "spotmusic_master"


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
        backup_retention_days: days of point-in-time recovery.
        databases: name of the database by user name.
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
        backup_retention_days: int = 7,
        production: bool = True,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.SNAPSHOT,
    ) -> None:
        super().__init__(scope, construct_id)
        major = ".".join(engine_version.split(".")[:2])
        engine = rds.DatabaseInstanceEngine.mysql(version=rds.MysqlEngineVersion.of(engine_version, major))
        # A snapshot that stays keeps needing its option group, and an instance that stays keeps needing all three.
        groups_policy = cdk.RemovalPolicy.DESTROY if removal_policy == cdk.RemovalPolicy.DESTROY else cdk.RemovalPolicy.RETAIN

        self.port = PORT
        self.subnet_group = rds.SubnetGroup(
            self,
            "SubnetGroup",
            description=f"Subnets of the {construct_id} database",
            vpc=vpc,
            vpc_subnets=vpc_subnets,
            removal_policy=groups_policy,
        )
        # Kept when the stack goes, but not when its first creation fails: their names would be taken at the next try.
        logs_policy = groups_policy if groups_policy == cdk.RemovalPolicy.DESTROY else cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        log_groups = database_log_groups(self, identifier=identifier, key=keys.logs, removal_policy=logs_policy)
        self.instance = rds.DatabaseInstance(
            self,
            "Instance",
            instance_identifier=identifier,
            engine=engine,
            engine_lifecycle_support=rds.EngineLifecycleSupport.OPEN_SOURCE_RDS_EXTENDED_SUPPORT_DISABLED,
            instance_type=instance_type,
            multi_az=multi_az,
            vpc=vpc,
            subnet_group=self.subnet_group,
            security_groups=[security_group],
            port=PORT,
            publicly_accessible=False,
            parameter_group=mysql_parameter_group(self, engine, groups_policy),
            option_group=mysql_option_group(self, engine, groups_policy),
            credentials=rds.Credentials.from_username(MASTER_USERNAME, encryption_key=keys.database),
            manage_master_user_password=True,
            iam_authentication=True,
            ca_certificate=rds.CaCertificate.RDS_CA_RSA2048_G1,
            storage_type=rds.StorageType.GP3,
            allocated_storage=storage_gib,
            max_allocated_storage=max_storage_gib,
            storage_encrypted=True,
            storage_encryption_key=keys.database,
            # Between the backup at night and the maintenance on Monday morning nobody listens much: 02:00 and 03:30 in São Paulo.
            backup_retention=cdk.Duration.days(backup_retention_days),
            preferred_backup_window="05:00-06:00",
            preferred_maintenance_window="mon:06:30-mon:07:30",
            delete_automated_backups=removal_policy == cdk.RemovalPolicy.DESTROY,
            copy_tags_to_snapshot=True,
            auto_minor_version_upgrade=True,
            cloudwatch_logs_exports=list(LOG_EXPORTS),
            monitoring_interval=cdk.Duration.seconds(60),
            monitoring_role=monitoring_role(self),
            enable_performance_insights=True,
            performance_insight_encryption_key=keys.database,
            performance_insight_retention=rds.PerformanceInsightRetention.MONTHS_15
            if production
            else rds.PerformanceInsightRetention.DEFAULT,
            database_insights_mode=rds.DatabaseInsightsMode.ADVANCED if production else rds.DatabaseInsightsMode.STANDARD,
            deletion_protection=production,
            removal_policy=removal_policy,
        )
        self.instance.node.add_dependency(*log_groups)
        self.endpoint = self.instance.db_instance_endpoint_address
        users = DatabaseUsers(
            self,
            "Users",
            endpoint=DatabaseEndpoint(host=self.endpoint, port=PORT, master_secret=_master_secret(self.instance)),
            databases=databases,
            vpc=vpc,
            vpc_subnets=users_subnets,
            security_group=users_security_group,
            key=keys.secrets,
            log_key=keys.logs,
            removal_policy=groups_policy,
        )
        self.users: Mapping[str, secretsmanager.ISecret] = users.secrets
        self.rotation = users.function.function
        acknowledge(self.instance, {**ACKNOWLEDGED, **deviations(multi_az=multi_az, production=production)})


def _master_secret(instance: rds.DatabaseInstance) -> secretsmanager.ISecret:
    if instance.secret is None:
        raise AssertionError("RDS was told to make a master secret")
    return instance.secret
