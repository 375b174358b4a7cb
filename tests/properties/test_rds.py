"""Promises: Databases."""

from datetime import timedelta

from spotmusic_cdk import versions
from tests.conftest import TODAY
from tests.properties.databases import databases, is_replica, replicas, source_of, sources
from tests.properties.promise import Verdicts, promise, rule
from tools.model.assembly import Assembly, Resource

MYSQL_PORT = 3306
SCHEDULE = "AWS::SecretsManager::RotationSchedule"
LOGS = ("error", "slowquery", "audit")
EVENTS = {"failover", "failure", "low storage", "maintenance"}
STANDARD_SUPPORT = timedelta(days=180)


def parameters(database: Resource) -> dict[str, str]:
    group = database.target("DBParameterGroupName")
    return group.properties["Parameters"] if group else {}


def audited(database: Resource) -> set[str]:
    """Events that the audit plugin records; MySQL has no audit log without it."""
    group = database.target("OptionGroupName")
    plugins = (
        [
            o
            for o in (group["OptionConfigurations"] or [])
            if o["OptionName"] == "MARIADB_AUDIT_PLUGIN"
        ]
        if group
        else []
    )
    settings = [setting for plugin in plugins for setting in plugin.get("OptionSettings", [])]
    return {
        event
        for setting in settings
        if setting.get("Name") == "SERVER_AUDIT_EVENTS"
        for event in setting["Value"].split(",")
    }


def is_key_of_databases(key: Resource | None) -> bool:
    return key is not None and key.name == "secrets/DatabaseKey"


@promise
def test_p034_databases_are_encrypted_with_their_own_key(platform: Assembly) -> Verdicts:
    """Databases are encrypted with the key of databases. A read replica has the key of its source,
    without a property: RDS rejects a request with a key in the same region.

    Kept by: `RelationalDatabase`
    """
    for database in databases(platform):
        if is_replica(database):
            yield (
                database,
                not (database["StorageEncrypted"] or database["KmsKeyId"]),
                "Leave encryption to the source.",
            )
            continue
        encrypted = database["StorageEncrypted"] is True and is_key_of_databases(
            database.target("KmsKeyId")
        )
        yield database, encrypted, "Set storage_encryption_key to keys.database."


@promise
def test_p035_no_database_has_a_public_address(platform: Assembly) -> Verdicts:
    """Databases have no public addresses, and the template states it.

    Kept by: `RelationalDatabase`
    """
    for database in databases(platform):
        yield (
            database,
            database["PubliclyAccessible"] is False,
            "Set publicly_accessible=False: the default depends on the subnets.",
        )


@promise
def test_p036_databases_have_standby_in_another_zone(platform: Assembly) -> Verdicts:
    """Each database has a standby in another zone, and its read replicas are in different zones.

    Kept by: `multi_az`, `ReadReplica`
    """
    for database in sources(platform):
        yield (
            database,
            database["MultiAZ"] is True,
            "Set multi_az of the database in the environment file.",
        )
    zones = [replica["AvailabilityZone"] for replica in replicas(platform)]
    for replica, zone in zip(replicas(platform), zones, strict=True):
        spread = zone in platform.settings.zones and zones.count(zone) <= -(
            -len(zones) // len(platform.settings.zones)
        )
        yield replica, spread, "Spread replicas evenly over the zones."


@promise
def test_p037_deletion_is_refused_and_data_is_kept(platform: Assembly) -> Verdicts:
    """Databases have deletion protection. A snapshot and the automated backups are retained when a
    database is deleted. A read replica holds a copy only, and is deleted with its setting.

    Kept by: `production`, `data.removal_policy`
    """
    for database in sources(platform):
        yield (
            database,
            database.outlives_its_stack,
            "Leave a snapshot: data.removal_policy is `retain`.",
        )
        yield (
            database,
            database["DeleteAutomatedBackups"] is False,
            "Keep the automated backups of a deleted instance.",
        )
        yield (
            f"{database.name} DeletionProtection",
            database["DeletionProtection"] is True,
            "Set production: true.",
        )


@promise
def test_p038_databases_have_point_in_time_recovery(platform: Assembly) -> Verdicts:
    """Databases can be restored to any second of the last 35 days.

    Kept by: `BackupPlan`: AWS Backup keeps the log of changes
    """
    for database in sources(platform):
        days = database["BackupRetentionPeriod"]
        yield (
            database,
            days == 35,
            f"It keeps {days} days. AWS Backup sets 35 and RDS refuses another value from then on.",
        )


@promise
def test_p039_databases_take_logins_by_iam(platform: Assembly) -> Verdicts:
    """Databases accept IAM authentication.

    Kept by: `RelationalDatabase`
    """
    for database in databases(platform):
        yield (
            database,
            database["EnableIAMDatabaseAuthentication"] is True,
            "Set iam_authentication=True.",
        )


@promise
def test_p040_databases_require_tls(platform: Assembly) -> Verdicts:
    """Databases require TLS 1.2 or 1.3.

    Kept by: `RelationalDatabase`
    """
    for database in databases(platform):
        group, said = database.target("DBParameterGroupName"), parameters(database)
        family = f"mysql{'.'.join(str(source_of(database)['EngineVersion']).split('.')[:2])}"
        yield (
            database,
            group is not None and group["Family"] == family,
            f"Attach a parameter group of {family}.",
        )
        yield (
            database,
            said.get("require_secure_transport") == "1",
            "Attach a parameter group with require_secure_transport 1.",
        )
        tls = set(said.get("tls_version", "").split(","))
        yield (
            database,
            bool(tls) and tls <= {"TLSv1.2", "TLSv1.3"},
            f"It allows {sorted(tls)}. Remove all versions before TLS 1.2.",
        )


@rule
def test_boolean_parameters_are_numbers(platform: Assembly) -> Verdicts:
    """RDS rejects parameter values outside the allowed ones; for booleans these are 0 and 1."""
    for group in platform.some("AWS::RDS::DBParameterGroup"):
        words = {
            name
            for name, value in group["Parameters"].items()
            if str(value).upper() in ("ON", "OFF", "TRUE", "FALSE", "YES", "NO")
        }
        yield group, not words, f"Write 0 or 1: {', '.join(sorted(words))}."


@promise
def test_p041_errors_slow_queries_and_logins_are_recorded(platform: Assembly) -> Verdicts:
    """Databases log errors, slow queries and logins to encrypted log groups that are created before
    the database. Statements with listeners' data are not logged.

    Kept by: `database_log_groups`, audit plugin
    """
    groups = {group.text("LogGroupName"): group for group in platform.some("AWS::Logs::LogGroup")}
    for database in databases(platform):
        exported = database["EnableCloudwatchLogsExports"] or []
        yield database, set(exported) >= set(LOGS), f"Export {', '.join(LOGS)}."
        for log in LOGS:
            group = groups.get(f"/aws/rds/instance/{database.text('DBInstanceIdentifier')}/{log}")
            kept = group is not None and bool(group["KmsKeyId"]) and bool(group["RetentionInDays"])
            yield (
                f"{database.name} {log}",
                kept,
                "Make its log group first: RDS's own has neither key nor end.",
            )
            holds = group is not None and group.id in (database.body.get("DependsOn") or [])
            yield database, holds, f"Make it depend on its log group {log}."
        said = parameters(database)
        slow = said.get("slow_query_log") == "1" and said.get("log_output") == "FILE"
        yield database, slow, "Set slow_query_log 1 and log_output FILE: RDS exports files only."
        yield (
            database,
            said.get("general_log", "0") == "0",
            "Leave general_log off: it holds every statement, with listeners' data in it.",
        )
        yield (
            database,
            "CONNECT" in audited(database),
            "Attach an option group with the audit plugin, and let it record logins.",
        )


@promise
def test_p042_databases_have_performance_insights(platform: Assembly) -> Verdicts:
    """Enhanced Monitoring and Database Insights are enabled and encrypted, in production in the
    advanced mode.

    Kept by: `RelationalDatabase`
    """
    for database in databases(platform):
        role = database.target("MonitoringRoleArn")
        enhanced = 1 <= (database["MonitoringInterval"] or 0) <= 60 and role is not None
        yield database, enhanced, "Set monitoring_interval to a minute or less, and its role."
        insights = database["EnablePerformanceInsights"] is True and database[
            "DatabaseInsightsMode"
        ] in ("standard", "advanced")
        yield database, insights, "Turn Database Insights on."
        key = database.target("PerformanceInsightsKMSKeyId")
        yield (
            database,
            is_key_of_databases(key),
            "Encrypt insights with keys.database: they hold statements.",
        )
        advanced = (
            not platform.settings.production or database["DatabaseInsightsMode"] == "advanced"
        )
        yield database, advanced, "Production keeps the advanced mode."


@promise
def test_p043_master_user_name_is_unusual(platform: Assembly) -> Verdicts:
    """The master user has an uncommon name. The default port is a decision with a reason.

    Kept by: acknowledgement of AwsSolutions-RDS11
    """
    usual = {"admin", "administrator", "root", "mysql", "master", "rdsadmin"}
    for database in databases(platform):
        name = str(source_of(database)["MasterUsername"] or "")
        yield (
            database,
            bool(name) and name.lower() not in usual,
            f"{name} is what an attacker tries first. Choose another.",
        )
        yield database, database["Port"] == str(MYSQL_PORT), "The port is MySQL's own, by decision."
    decided = [
        path
        for path, finding, reason in platform.acknowledged
        if finding == "AwsSolutions::AwsSolutions-RDS11" and reason
    ]
    yield (
        "AwsSolutions-RDS11",
        len(decided) == len(databases(platform)),
        "Acknowledge the default port with the reason for it.",
    )


@promise
def test_p044_minor_upgrades_and_snapshot_tags(platform: Assembly) -> Verdicts:
    """Minor upgrades are automatic, and snapshots have the tags of their database.

    Kept by: `RelationalDatabase`
    """
    for database in databases(platform):
        yield (
            database,
            database["AutoMinorVersionUpgrade"] is True,
            "Set auto_minor_version_upgrade=True.",
        )
        yield database, database["CopyTagsToSnapshot"] is True, "Set copy_tags_to_snapshot=True."


@promise
def test_p045_database_engine_is_in_standard_support(platform: Assembly) -> Verdicts:
    """The engine is in standard support for at least 180 days, and Extended Support is disabled.

    Kept by: [`versions.py`](../spotmusic_cdk/versions.py); the day is an argument
    """
    for database in sources(platform):
        major = ".".join(str(database["EngineVersion"]).split(".")[:2])
        support = versions.MYSQL.get(major)
        until = support.standard_until if support and database["Engine"] == "mysql" else None
        supported = until is not None and until - TODAY >= STANDARD_SUPPORT
        yield (
            database,
            supported,
            (
                f"MySQL {major} is in standard support until {until}. "
                "Plan the upgrade (docs/runbooks/database.md)."
            ),
        )
        declined = database["EngineLifecycleSupport"] == "open-source-rds-extended-support-disabled"
        yield database, declined, "Disable Extended Support: it is charged automatically."


@promise
def test_p046_storage_autoscaling_is_bounded(platform: Assembly) -> Verdicts:
    """Storage is gp3 and scales automatically up to a limit.

    Kept by: `storage_gib`, `max_storage_gib`
    """
    for database in databases(platform):
        yield database, database["StorageType"] == "gp3", "Use gp3."
        now, most = (
            int(source_of(database)["AllocatedStorage"]),
            database["MaxAllocatedStorage"] or 0,
        )
        yield database, most >= now * 1.1, "Set max_storage_gib at least 10% above storage_gib."


@promise
def test_p047_databases_admit_named_parties(platform: Assembly) -> Verdicts:
    """Only the sources in the table of flows reach a database, on its port and through one security
    group.

    Kept by: table of flows
    """
    for database in databases(platform):
        groups = database.targets("VPCSecurityGroups")
        yield database, len(groups) == 1, "Use exactly one security group."
        incoming = [
            rule
            for rule in platform.some("AWS::EC2::SecurityGroupIngress")
            if rule.target("GroupId") in groups
        ]
        yield database, bool(incoming), "No rule allows a source. Add flows to the table."
        for opened in incoming:
            source = opened.target("SourceSecurityGroupId")
            named = (
                source is not None
                and source not in groups
                and (opened["FromPort"], opened["ToPort"]) == (MYSQL_PORT, MYSQL_PORT)
            )
            yield opened, named, f"Admit a party by its own group, on {MYSQL_PORT}."
        for group in groups:
            yield (
                group,
                not group["SecurityGroupIngress"],
                "Rules come from the table of flows, not from inside the group.",
            )


@promise
def test_p048_database_events_notify_operators(platform: Assembly) -> Verdicts:
    """Failovers, failures, low storage and maintenance of databases notify the operators.

    Kept by: `DatabaseEvents`
    """
    subscriptions = platform.some("AWS::RDS::EventSubscription")
    for database in databases(platform):
        of_it = [
            s
            for s in subscriptions
            if database in s.targets("SourceIds") and s["SourceType"] == "db-instance"
        ]
        known = {
            category
            for s in of_it
            if s["Enabled"] is not False
            for category in s["EventCategories"] or []
        }
        yield database, known >= EVENTS, f"Subscribe to {', '.join(sorted(EVENTS - known))}."
        for subscription in of_it:
            topic = subscription.target("SnsTopicArn")
            yield (
                subscription,
                topic is not None and topic.type == "AWS::SNS::Topic",
                "Send it to a topic of ours.",
            )


@promise
def test_p049_master_passwords_are_generated_and_rotated(platform: Assembly) -> Verdicts:
    """RDS creates and rotates the master password, or Secrets Manager generates it and the function
    of the users rotates it; no template contains one. A database with read replicas has the latter.

    Kept by: `RelationalDatabase`
    """
    for database in sources(platform):
        managed = (
            database["ManageMasterUserPassword"] is True and database["MasterUserPassword"] is None
        )
        own = next(iter(database.mentions("MasterUserPassword")), None)
        # The name is a literal: another text would replace the database.
        rotated = (
            own is not None
            and bool(platform.users_of(own, SCHEDULE))
            and isinstance(database["MasterUsername"], str)
        )
        generated = (
            own is not None
            and own["GenerateSecretString"]
            and "resolve:secretsmanager" in database.text("MasterUserPassword")
        )
        yield (
            database,
            managed != bool(generated and rotated),
            "Let RDS manage the password, or set own_master_secret=True.",
        )
        copied = [replica for replica in replicas(platform) if source_of(replica) is database]
        yield (
            database,
            not (managed and copied),
            "RDS creates no replica of it: set own_master_secret=True.",
        )
    for replica in replicas(platform):
        own_login = (
            replica["ManageMasterUserPassword"]
            or replica["MasterUserPassword"]
            or replica["MasterUsername"]
        )
        yield (
            replica,
            not own_login,
            "A replica has the users of its source: give it no master user.",
        )
