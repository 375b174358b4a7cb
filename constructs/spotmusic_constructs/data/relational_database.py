"""RDS for MySQL instance with its groups, logs and users."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from spotmusic_constructs import durations
from spotmusic_constructs.acknowledge import acknowledge, managed_policy_finding
from spotmusic_constructs.data.backup_plan import CONTINUOUS_DAYS
from spotmusic_constructs.data.credentials_function import rotate_on_schedule, rotation_rights
from spotmusic_constructs.data.database_logs import LOG_EXPORTS, database_log_groups
from spotmusic_constructs.data.database_users import DatabaseEndpoint, DatabaseUsers, Role
from spotmusic_constructs.data.parameters import MYSQL
from spotmusic_constructs.data.read_replica import WINDOWS, ReadReplica
from spotmusic_constructs.location import location_of
from spotmusic_constructs.log_retention import KEPT, LogRetention
from spotmusic_constructs.secrets.generated_secret import GeneratedSecret

PORT = 3306
"""Default port of MySQL. A different port adds no security, because security groups name each
client."""
MASTER_USERNAME = "spotmusic_master"
_AUDIT = {
    # Connections, and changes of schema or rights. Queries would add listeners' data to the log.
    "SERVER_AUDIT_EVENTS": "CONNECT,QUERY_DDL,QUERY_DCL",
    # RDS's own user connects continuously.
    "SERVER_AUDIT_EXCL_USERS": "rdsadmin",
}
_MONITORING_POLICY = "service-role/AmazonRDSEnhancedMonitoringRole"
_SUPPORT = rds.EngineLifecycleSupport.OPEN_SOURCE_RDS_EXTENDED_SUPPORT_DISABLED


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


@dataclass(frozen=True, kw_only=True)
class DatabaseSpec:
    """Size and maintenance of an instance.

    Args:
        identifier: name of the instance, and part of the names of its log groups.
        engine_version: exact version of MySQL 8.4 or later.
        instance_type: class of the instance.
        multi_az: True for a standby in another zone; failover takes one to two minutes.
        storage_gib: gp3 storage at creation.
        max_storage_gib: limit of storage autoscaling.
        maintenance_window: time of restarts by RDS, in UTC. It must not overlap the window of
            another database of the same clients or the start windows of `BackupPlan`.
        read_replicas: read replicas, spread over the zones of the VPC, at most 15. They require
            `own_master_secret`: RDS creates no replica of an instance if it manages the master
            password (RDS user guide, limitations of the integration with Secrets Manager).
        own_master_secret: True for a master secret of this construct, which the function of the
            users rotates; False for one that RDS creates and rotates.
        production: retains insights for 15 months instead of a week, and enables deletion
            protection.
        removal_policy: policy of the instance when its stack is deleted; by default a final
            snapshot is retained.
    """

    identifier: str
    engine_version: str
    instance_type: ec2.InstanceType
    multi_az: bool = True
    storage_gib: int = 20
    max_storage_gib: int = 100
    maintenance_window: str = "mon:08:00-mon:09:00"
    read_replicas: int = 0
    own_master_secret: bool = False
    production: bool = True
    removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.SNAPSHOT


class RelationalDatabase(Construct):
    """RDS for MySQL instance with a least-privilege user for each client.

    Creates the instance, its read replicas, its subnet, parameter and option group, its log groups,
    its monitoring role, and `DatabaseUsers`. TLS is required; storage, snapshots, insights and the
    master secret are encrypted with the given key. Log groups of the construct receive errors, slow
    queries and the audit log (connections, changes of schema and rights). They are created before
    the instances, because RDS creates missing ones without key or retention; instances therefore
    have physical names.

    Args:
        spec: size and maintenance of the instance.
        databases: name of the database by user name.
        rights: roles of each user by database, for shared databases. Default: each user owns its
            database.
        vpc: network of the instance.
        vpc_subnets: subnets of the instance.
        security_group: security group of the instance.
        users_subnets: subnets of the function that creates users.
        users_security_group: security group of that function.
        keys: keys by data class.
        retention: retention of the log groups.

    Attributes:
        replicas: read replicas, for resources of the same stack.
        readers: identifiers of the replicas for other stacks.
        reader_hosts: hosts of the read replicas, separated by commas; without replicas, the host of
            the instance.
        master_secret: secret of the master user.
        own_master_secret: True if that is a secret of this construct, and not of RDS.

    Raises:
        ValueError: if there are read replicas and RDS would manage the master password.

    Example:
        spec = DatabaseSpec(identifier="spotmusic-prod-catalogue", engine_version="8.4.10",
                            instance_type=ec2.InstanceType("r8g.large"))
        catalogue = RelationalDatabase(self, "Catalogue", spec=spec,
                                       databases={"playback": "playback"}, **options)
        catalogue.users["playback"].grant_read(role)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        spec: DatabaseSpec,
        databases: Mapping[str, str],
        vpc: ec2.IVpc,
        vpc_subnets: ec2.SubnetSelection,
        security_group: ec2.ISecurityGroup,
        users_subnets: ec2.SubnetSelection,
        users_security_group: ec2.ISecurityGroup,
        keys: DatabaseKeys,
        retention: LogRetention = KEPT,
        rights: Mapping[str, Mapping[str, Role]] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        if spec.read_replicas and not spec.own_master_secret:
            raise ValueError(
                "read_replicas: RDS would manage the master password, which excludes replicas. "
                "Set own_master_secret=True."
            )
        deletable = spec.removal_policy == cdk.RemovalPolicy.DESTROY
        # A retained snapshot needs its option group, and a retained instance needs all three
        # groups.
        groups_policy = spec.removal_policy if deletable else cdk.RemovalPolicy.RETAIN
        # Retained when the stack is deleted, but not when its creation fails: the names would
        # conflict at the next attempt.
        logs_policy = (
            spec.removal_policy if deletable else cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        )
        self.port = PORT
        self.subnet_group = rds.SubnetGroup(
            self,
            "SubnetGroup",
            description=f"Subnets of the {construct_id} database",
            vpc=vpc,
            vpc_subnets=vpc_subnets,
            removal_policy=groups_policy,
        )
        log_groups = database_log_groups(
            self, spec.identifier, key=keys.logs, retention=retention, removal_policy=logs_policy
        )
        shared: dict[str, Any] = {
            "vpc": vpc,
            "subnet_group": self.subnet_group,
            "security_groups": [security_group],
            **_common_settings(self, spec, insights_key=keys.database, groups_policy=groups_policy),
        }
        master = (
            _master_secret(self, construct_id, key=keys.secrets, removal_policy=groups_policy)
            if spec.own_master_secret
            else None
        )
        self.instance = _instance(self, spec, master=master, key=keys.database, shared=shared)
        self.instance.node.add_dependency(*log_groups)
        self.identifier = self.instance.instance_identifier
        self.endpoint = self.instance.db_instance_endpoint_address
        self.own_master_secret = spec.own_master_secret
        self.master_secret: secretsmanager.ISecret = (
            master.secret if master else cast("secretsmanager.ISecret", self.instance.secret)
        )
        self.replicas = (
            self._replicas(
                spec, vpc, vpc_subnets, settings=shared, log_key=keys.logs, retention=retention
            )
            if spec.read_replicas
            else []
        )
        # Exports have the name of their source: those of replicas would prevent their removal.
        self.readers = tuple(
            f"{self.identifier}-reader-{number}" for number in range(1, spec.read_replicas + 1)
        )
        self.reader_hosts: str = (
            ",".join(replica.db_instance_endpoint_address for replica in self.replicas)
            or self.endpoint
        )
        users = DatabaseUsers(
            self,
            "Users",
            endpoint=DatabaseEndpoint(
                host=self.endpoint, port=PORT, master_secret=self.master_secret
            ),
            databases=databases,
            rights=rights,
            vpc=vpc,
            vpc_subnets=users_subnets,
            security_group=users_security_group,
            key=keys.secrets,
            log_key=keys.logs,
            log_retention=retention.security,
            removal_policy=groups_policy,
        )
        self.users: Mapping[str, secretsmanager.ISecret] = users.secrets
        self.rotation = users.function.function
        if master:
            users.function.rights.add(rotation_rights([master.arn]))
            rotate_on_schedule(master, users.function, after=self.instance)

    def _replicas(
        self, spec: DatabaseSpec, vpc: ec2.IVpc, subnets: ec2.SubnetSelection, **options: Any
    ) -> list[rds.DatabaseInstanceReadReplica]:
        """Create the read replicas, spread over the zones of the subnets."""
        zones = vpc.select_subnets(
            subnets=subnets.subnets, subnet_group_name=subnets.subnet_group_name
        ).availability_zones
        return [
            ReadReplica(
                self,
                f"Reader{number}",
                source=self.instance,
                identifier=f"{spec.identifier}-reader-{number}",
                instance_type=spec.instance_type,
                availability_zone=zones[(number - 1) % len(zones)],
                maintenance_window=WINDOWS[(number - 1) % len(WINDOWS)],
                **options,
            ).instance
            for number in range(1, spec.read_replicas + 1)
        ]


def _instance(
    scope: Construct,
    spec: DatabaseSpec,
    *,
    master: GeneratedSecret | None,
    key: kms.IKey,
    shared: Mapping[str, Any],
) -> rds.DatabaseInstance:
    """Create the instance; without a secret of its master user, RDS manages the password."""
    instance = rds.DatabaseInstance(
        scope,
        "Instance",
        instance_identifier=spec.identifier,
        engine=_engine(spec.engine_version),
        engine_lifecycle_support=_SUPPORT,
        instance_type=spec.instance_type,
        multi_az=spec.multi_az,
        credentials=_credentials(master, key),
        manage_master_user_password=master is None,
        allocated_storage=spec.storage_gib,
        # Not for replicas: RDS encrypts those of the same region with the key of the source.
        storage_encrypted=True,
        storage_encryption_key=key,
        # AWS Backup sets this with the first continuous backup, and RDS rejects any other value.
        backup_retention=durations.days(CONTINUOUS_DAYS),
        # 02:00 to 03:00 in São Paulo, at low traffic and before the maintenance window.
        preferred_backup_window="05:00-06:00",
        preferred_maintenance_window=spec.maintenance_window,
        delete_automated_backups=spec.removal_policy == cdk.RemovalPolicy.DESTROY,
        deletion_protection=spec.production,
        removal_policy=spec.removal_policy,
        **shared,
    )
    acknowledge(instance, {**_ACKNOWLEDGED, **_deviations(spec)})
    return instance


def _common_settings(
    scope: Construct,
    spec: DatabaseSpec,
    *,
    insights_key: kms.IKey,
    groups_policy: cdk.RemovalPolicy,
) -> dict[str, Any]:
    """Create groups and role, and return the settings that an instance shares with its replicas."""
    return {
        "port": PORT,
        "publicly_accessible": False,
        "parameter_group": _parameter_group(scope, spec, groups_policy),
        "option_group": _option_group(scope, spec, groups_policy),
        "iam_authentication": True,
        "ca_certificate": rds.CaCertificate.RDS_CA_RSA2048_G1,
        "storage_type": rds.StorageType.GP3,
        "max_allocated_storage": spec.max_storage_gib,
        "copy_tags_to_snapshot": True,
        "auto_minor_version_upgrade": True,
        "cloudwatch_logs_exports": list(LOG_EXPORTS),
        "monitoring_interval": durations.seconds(60),
        "monitoring_role": _monitoring_role(scope),
        "enable_performance_insights": True,
        "performance_insight_encryption_key": insights_key,
        # 15 months in production, the free week elsewhere.
        "performance_insight_retention": (
            rds.PerformanceInsightRetention.MONTHS_15
            if spec.production
            else rds.PerformanceInsightRetention.DEFAULT
        ),
        "database_insights_mode": rds.DatabaseInsightsMode.ADVANCED
        if spec.production
        else rds.DatabaseInsightsMode.STANDARD,
    }


def _master_secret(
    scope: Construct, database: str, *, key: kms.IKey, removal_policy: cdk.RemovalPolicy
) -> GeneratedSecret:
    return GeneratedSecret(
        scope,
        "Master",
        key=key,
        description=f"Master user of the {database} database",
        username=MASTER_USERNAME,
        removal_policy=removal_policy,
    )


def _credentials(master: GeneratedSecret | None, key: kms.IKey) -> rds.Credentials:
    """Return the master user with its generated password; without one, RDS manages the password."""
    if master is None:
        return rds.Credentials.from_username(MASTER_USERNAME, encryption_key=key)
    # The name stays a literal: another text would replace the instance.
    return rds.Credentials.from_password(
        MASTER_USERNAME, master.secret.secret_value_from_json("password")
    )


@cache
def _engine(version: str) -> rds.IInstanceEngine:
    major = ".".join(version.split(".")[:2])
    return rds.DatabaseInstanceEngine.mysql(version=rds.MysqlEngineVersion.of(version, major))


def _parameter_group(
    scope: Construct, spec: DatabaseSpec, removal_policy: cdk.RemovalPolicy
) -> rds.ParameterGroup:
    return rds.ParameterGroup(
        scope,
        "ParameterGroup",
        engine=_engine(spec.engine_version),
        description="TLS only; slow queries and deadlocks are logged",
        parameters=MYSQL,
        removal_policy=removal_policy,
    )


def _option_group(
    scope: Construct, spec: DatabaseSpec, removal_policy: cdk.RemovalPolicy
) -> rds.OptionGroup:
    """Create the option group with the audit plugin.

    RDS offers it for every MySQL 8.4 (RDS user guide, options for MySQL, read 2026-11).
    """
    group = rds.OptionGroup(
        scope,
        "OptionGroup",
        engine=_engine(spec.engine_version),
        description="Audit log of connections and of changes to schema and rights",
        configurations=[rds.OptionConfiguration(name="MARIADB_AUDIT_PLUGIN", settings=_AUDIT)],
    )
    group.apply_removal_policy(removal_policy)
    return group


def _monitoring_role(scope: Construct) -> iam.Role:
    """Create the role of enhanced monitoring, which only RDS of this account may assume."""
    role = iam.Role(
        scope,
        "MonitoringRole",
        description="Publishes the metrics of the operating system",
        assumed_by=iam.ServicePrincipal(
            "monitoring.rds.amazonaws.com",
            conditions={"StringEquals": {"aws:SourceAccount": location_of(scope).account}},
        ),
        managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(_MONITORING_POLICY)],
    )
    reason = "RDS requires this managed policy; it writes only to the log group RDSOSMetrics."
    acknowledge(role, {managed_policy_finding(_MONITORING_POLICY): reason})
    return role


_ACKNOWLEDGED = {
    "AwsSolutions::AwsSolutions-RDS11": (
        "Security groups name each client that may connect; another port adds no security."
    ),
    "NIST.800.53.R5::NIST.800.53.R5-RDSLoggingEnabled[LogExport::general]": (
        "The general log contains every statement, with listeners' data (LGPD art. 6); "
        "audit, error and slow query logs are exported."
    ),
}


def _deviations(spec: DatabaseSpec) -> dict[str, str]:
    """Return acknowledgements of an environment that is not production."""
    findings: dict[str, str] = {}
    if not spec.multi_az:
        reason = (
            "The environment has no listeners and its file sets no standby; "
            "production requires one."
        )
        findings["AwsSolutions::AwsSolutions-RDS3"] = reason
        findings["NIST.800.53.R5::NIST.800.53.R5-RDSMultiAZSupport"] = reason
    if not spec.production:
        reason = (
            "The environment has no listeners and may be deleted; "
            "a final snapshot remains unless two settings exclude it."
        )
        findings["AwsSolutions::AwsSolutions-RDS10"] = reason
        findings["NIST.800.53.R5::NIST.800.53.R5-RDSInstanceDeletionProtectionEnabled"] = reason
    return findings
