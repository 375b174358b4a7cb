"""The instance of a MySQL database: its size, its upkeep and how it is watched."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from constructs import Construct

from spotmusic_constructs.data.database_logs import LOG_EXPORTS
from spotmusic_constructs.data.database_monitoring import monitoring_role
from spotmusic_constructs.data.mysql_groups import mysql_option_group, mysql_parameter_group

PORT = 3306
"""MySQL's own port. Another would hide nothing from who may open a connection, and surprise every client."""
MASTER_USERNAME = "spotmusic_master"


def mysql_instance(
    scope: Construct,
    *,
    identifier: str,
    engine_version: str,
    instance_type: ec2.InstanceType,
    multi_az: bool,
    storage_gib: int,
    max_storage_gib: int,
    backup_retention_days: int,
    maintenance_window: str,
    vpc: ec2.IVpc,
    subnet_group: rds.ISubnetGroup,
    security_group: ec2.ISecurityGroup,
    key: kms.IKey,
    production: bool,
    removal_policy: cdk.RemovalPolicy,
    groups_policy: cdk.RemovalPolicy,
) -> rds.DatabaseInstance:
    """Makes the instance with its parameters, options and monitoring role. `RelationalDatabase` tells what each argument means.

    Args:
        key: key of storage, snapshots, insights and the master secret.
        groups_policy: what happens to its parameter and option group when the stack goes.
    """
    engine = _engine(engine_version)
    return rds.DatabaseInstance(
        scope,
        "Instance",
        instance_identifier=identifier,
        engine=engine,
        engine_lifecycle_support=rds.EngineLifecycleSupport.OPEN_SOURCE_RDS_EXTENDED_SUPPORT_DISABLED,
        instance_type=instance_type,
        multi_az=multi_az,
        vpc=vpc,
        subnet_group=subnet_group,
        security_groups=[security_group],
        port=PORT,
        publicly_accessible=False,
        parameter_group=mysql_parameter_group(scope, engine, groups_policy),
        option_group=mysql_option_group(scope, engine, groups_policy),
        credentials=rds.Credentials.from_username(MASTER_USERNAME, encryption_key=key),
        manage_master_user_password=True,
        iam_authentication=True,
        ca_certificate=rds.CaCertificate.RDS_CA_RSA2048_G1,
        storage_type=rds.StorageType.GP3,
        allocated_storage=storage_gib,
        max_allocated_storage=max_storage_gib,
        storage_encrypted=True,
        storage_encryption_key=key,
        # 02:00 to 03:00 in São Paulo, when few listen, and before the maintenance.
        backup_retention=cdk.Duration.days(backup_retention_days),
        preferred_backup_window="05:00-06:00",
        preferred_maintenance_window=maintenance_window,
        delete_automated_backups=removal_policy == cdk.RemovalPolicy.DESTROY,
        copy_tags_to_snapshot=True,
        auto_minor_version_upgrade=True,
        cloudwatch_logs_exports=list(LOG_EXPORTS),
        monitoring_interval=cdk.Duration.seconds(60),
        monitoring_role=monitoring_role(scope),
        enable_performance_insights=True,
        performance_insight_encryption_key=key,
        performance_insight_retention=_insight_retention(production),
        database_insights_mode=rds.DatabaseInsightsMode.ADVANCED if production else rds.DatabaseInsightsMode.STANDARD,
        deletion_protection=production,
        removal_policy=removal_policy,
    )


def _engine(version: str) -> rds.IInstanceEngine:
    major = ".".join(version.split(".")[:2])
    return rds.DatabaseInstanceEngine.mysql(version=rds.MysqlEngineVersion.of(version, major))


def _insight_retention(production: bool) -> rds.PerformanceInsightRetention:
    """15 months for a database that listeners depend on, the week that costs nothing for others."""
    return rds.PerformanceInsightRetention.MONTHS_15 if production else rds.PerformanceInsightRetention.DEFAULT
