"""Promises: Backups."""

import json
import re
from functools import cache

from spotmusic_cdk.settings.data import BackupSettings
from spotmusic_constructs.data.restore_testing import RECOVERY_HOURS
from tests.properties.databases import sources
from tests.properties.deviations import DEVIATIONS
from tests.properties.promise import Verdicts, promise, rule
from tools.checkout import ROOT
from tools.gameday.restores import RESTORES
from tools.model.assembly import Assembly, Resource
from tools.model.statements import statements_of
from tools.model.values import Json, at

VAULT = "AWS::Backup::BackupVault"
PLAN = "AWS::Backup::BackupPlan"
SELECTION = "AWS::Backup::BackupSelection"
TESTING = "AWS::Backup::RestoreTestingPlan"
TESTED = "AWS::Backup::RestoreTestingSelection"
LEAST_DAYS = 35
EVERY = {
    "week": "cron(0 7 ? * SUN *)",
    "month": "cron(0 7 1 * ? *)",
    "quarter": "cron(0 7 1 1,4,7,10 ? *)",
}
"""Schedules of restore tests: at 04:00 in São Paulo, on Sundays or on the first of a month."""


def plan_rules(platform: Assembly) -> list[Json]:
    return [rule for plan in platform.some(PLAN) for rule in plan["BackupPlan.BackupPlanRule"]]


def copy_vaults(platform: Assembly) -> set[Resource]:
    """Vaults that receive copies."""
    actions = [action for rule in plan_rules(platform) for action in rule.get("CopyActions", [])]
    found = (platform.target("data", action["DestinationBackupVaultArn"]) for action in actions)
    return {vault for vault in found if vault is not None}


def bucket_of(platform: Assembly, name: str) -> Resource:
    (bucket,) = (
        bucket for bucket in platform.some("AWS::S3::Bucket") if bucket.name == f"data/{name}Bucket"
    )
    return bucket


def to_bring_back(platform: Assembly) -> list[Resource]:
    """Resources with unique data. Logs and uploads expire within days by intention; the cache has
    its own snapshots.
    """
    return [*sources(platform), bucket_of(platform, "Audio"), bucket_of(platform, "Web")]


@cache
def document() -> str:
    return (ROOT / "docs" / "recovery.md").read_text()


@cache
def table() -> dict[str, list[str]]:
    """Cells of each row of the recovery document after the first cell, by the first."""
    found = (line.split("|") for line in document().splitlines() if line.startswith("| "))
    return {cells[1].strip(): cells[2:-1] for cells in found}


def days(row: str) -> list[int]:
    return [int(number) for number in re.findall(r"(\d+) days", " ".join(table()[row]))]


@promise
def test_p066_recovery_points_have_own_key(platform: Assembly) -> Verdicts:
    """Recovery points are encrypted with the key of backups, and the backup vault is retained when
    its stack is deleted.

    Kept by: `BackupPlan`
    """
    copies = copy_vaults(platform)
    for vault in platform.some(VAULT):
        key, wanted = (
            vault.target("EncryptionKeyArn"),
            "CopiesKey" if vault in copies else "BackupKey",
        )
        yield (
            vault,
            key is not None and key.name == f"secrets/{wanted}",
            f"Encrypt it with secrets/{wanted}.",
        )
        yield vault, vault.outlives_its_stack, "Keep it: data.removal_policy is `retain`."
    # Recovery points of RDS and EBS have the key of their source. Only a copy has the key of its
    # vault.
    copying = {
        plan
        for plan in platform.some(PLAN)
        if any(rule.get("CopyActions") for rule in plan["BackupPlan.BackupPlanRule"])
    }
    selections = [s for s in platform.some(SELECTION) if s.target("BackupPlanId") in copying]
    copied = {
        resource
        for selection in selections
        for resource in selection.mentions("BackupSelection.Resources")
    }
    for database in sources(platform):
        yield database, database in copied, "Copy its recovery points to a vault with another key."
    volumes = [s for s in selections if ":volume/" in s.text("BackupSelection.Resources.0")]
    yield (
        "data/Backup volumes",
        len(volumes) == 1,
        "Copy recovery points of volumes to a vault with another key.",
    )


@promise
def test_p067_recovery_points_cannot_be_deleted_early(platform: Assembly) -> Verdicts:
    """The vault denies every principal the deletion of a recovery point and a shorter retention. In
    production, its lock becomes permanent after a grace period of at least 3 days.

    Kept by: `data.backup.vault_lock_days`
    """
    for vault in platform.some(VAULT):
        least, most = (
            vault["LockConfiguration.MinRetentionDays"] or 0,
            vault["LockConfiguration.MaxRetentionDays"] or 0,
        )
        yield (
            vault,
            LEAST_DAYS <= least <= most <= 365,
            f"Lock it from {LEAST_DAYS} days to 365 (LGPD art. 16).",
        )
        grace = vault["LockConfiguration.ChangeableForDays"]
        irreversible = grace is not None and grace >= 3
        yield (
            vault,
            irreversible or not platform.settings.production,
            "Make the lock irreversible after 3 days or more: vault_lock_days.",
        )
        denied = [
            s
            for s in statements_of(platform)
            if s.resource is vault and not s.allows and s.for_anybody and not s.conditions
        ]
        refused = any(
            s.may("backup:DeleteRecoveryPoint") and s.may("backup:UpdateRecoveryPointLifecycle")
            for s in denied
        )
        yield vault, refused, "Set block_recovery_point_deletion=True."
        fits = all(
            least <= rule["Lifecycle"]["DeleteAfterDays"] <= most for rule in plan_rules(platform)
        )
        yield vault, fits, "Adjust the retention of the plan to the lock: every job would fail."


@rule
def test_plan_names_are_of_one_environment(platform: Assembly) -> Verdicts:
    names = [plan["BackupPlan.BackupPlanName"] for plan in platform.some(PLAN)]
    yield "data/Backup", len(set(names)) == len(names), "Two plans have the same name. Rename one."
    for name in names:
        yield (
            name,
            name.startswith(f"spotmusic-{platform.settings.name}"),
            "Names are unique in an account: add the environment.",
        )


@promise
def test_p068_data_is_backed_up_in_region(platform: Assembly) -> Verdicts:
    """Databases, buckets and pod volumes are backed up and retained for at least 35 days, with
    point-in-time recovery where AWS Backup supports it. Backups stay in the region.

    Kept by: `BackupPlan`, [recovery](recovery.md)
    """
    selections = platform.some(SELECTION)
    covered = {
        resource
        for selection in selections
        for resource in selection.mentions("BackupSelection.Resources")
    }
    for resource in to_bring_back(platform):
        yield resource, resource in covered, "Add its ARN to BackupPlan."
    for selection in selections:
        whole = (
            selection.target("BackupPlanId") in platform.some(PLAN)
            and selection.target("BackupSelection.IamRoleArn") is not None
        )
        yield selection, whole, "Give it plan and role."
    yield from volumes_are_selected(platform)
    for job in plan_rules(platform):
        name = f"data/BackupPlan {job['RuleName']}"
        yield (
            name,
            job["Lifecycle"]["DeleteAfterDays"] >= LEAST_DAYS,
            f"Keep recovery points for {LEAST_DAYS} days: retention_days.",
        )
        yield (
            name,
            platform.target("data", job["TargetBackupVault"]) in platform.some(VAULT),
            "Write to the locked vault.",
        )
        # A copy abroad is an international transfer (LGPD art. 33). Copies use a vault of this
        # stack.
        for action in job.get("CopyActions", []):
            home = platform.target("data", action["DestinationBackupVaultArn"]) in platform.some(
                VAULT
            )
            yield (
                name,
                home,
                (
                    "Copy to a vault of the data stack: a copy abroad needs a decision in "
                    "docs/recovery.md first."
                ),
            )
            kept = action["Lifecycle"]["DeleteAfterDays"]
            yield (
                name,
                kept == platform.settings.data.backup.retention_days,
                f"It keeps copies for {kept} days, not retention_days.",
            )
    for bucket in (
        resource for resource in to_bring_back(platform) if resource.type == "AWS::S3::Bucket"
    ):
        enabled = (
            bucket["NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled"] is True
        )
        yield bucket, enabled, "Send its events to EventBridge: continuous backups stop without."
    continuous = [
        rule["Lifecycle"]["DeleteAfterDays"]
        for rule in plan_rules(platform)
        if rule.get("EnableContinuousBackup") is True
    ]
    yield (
        "data/BackupPlan",
        continuous == [LEAST_DAYS],
        "Turn continuous backup on, for the 35 days that AWS Backup knows.",
    )
    decided = "**Copies elsewhere.** None leaves the region" in document()
    yield "docs/recovery.md", decided, "Write down whether copies leave the region."


def volumes_are_selected(platform: Assembly) -> Verdicts:
    """Volumes are selected by tags of EKS Auto Mode, because Kubernetes creates them and not all
    have the tags of the project.
    """
    cluster = platform.only("AWS::EKS::Cluster")
    given = {"eks:eks-cluster-name": cluster.text("Name"), "CSIVolumeName": "*"}
    selections = [
        s for s in platform.some(SELECTION) if ":volume/" in s.text("BackupSelection.Resources.0")
    ]
    plans = {selection.target("BackupPlanId") for selection in selections}
    yield (
        "data/BackupPlan volumes",
        plans == set(platform.some(PLAN)),
        "Each plan selects the volumes of pods.",
    )
    for selection in selections:
        conditions = selection["BackupSelection.Conditions"] or {}
        tags = {
            c["ConditionKey"].removeprefix("aws:ResourceTag/"): c["ConditionValue"]
            for c in conditions.get("StringLike", [])
        }
        yield (
            selection,
            set(conditions) == {"StringLike"} and tags == given,
            f"Select volumes by {given}.",
        )


@promise
def test_p069_backups_are_restored_regularly(platform: Assembly) -> Verdicts:
    """Every week, AWS Backup restores the newest backup of each database, of the web client and of
    the audio library, and a function validates the copy. The restore runs outside the default VPC.
    The environment file can set a longer interval for the audio library.

    Kept by: `RestoreTesting`, `RestoreValidation`, `data.backup.audio_restored_every`
    """
    plans = {plan["RestoreTestingPlanName"]: plan for plan in platform.some(TESTING)}
    for plan in plans.values():
        holds = plan.mentions("RecoveryPointSelection.IncludeVaults") == set(
            platform.some(VAULT)
        ) - copy_vaults(platform)
        yield plan, holds, "Restore from our vault."
        newest = plan["RecoveryPointSelection.Algorithm"] == "LATEST_WITHIN_WINDOW"
        yield plan, newest, "Restore the newest recovery point."
        yield from a_function_judges(plan)
    cadences = cadences_of(platform)
    for resource in to_bring_back(platform):
        stated = EVERY[
            platform.settings.data.backup.audio_restored_every
            if resource.name == "data/AudioBucket"
            else "week"
        ]
        found = cadences.get(resource, set())
        yield (
            resource,
            stated in found,
            f"RestoreTesting restores it at {found or 'no time'}. Restore it at {stated}.",
        )
    for selection in platform.some(TESTED):
        of, role = plans.get(selection["RestoreTestingPlanName"]), selection.target("IamRoleArn")
        yield selection, role is not None and can_restore(role), "Give it the role that restores."
        waits = (
            (selection["ValidationWindowHours"] or 0) >= 1
            and of is not None
            and of.id in (selection.body.get("DependsOn") or [])
        )
        yield (
            selection,
            waits,
            "Set a validation window of at least one hour, and a dependency on the plan.",
        )
        placed = {"dbSubnetGroupName", "vpcSecurityGroupIds"} <= (
            selection["RestoreMetadataOverrides"] or {}
        ).keys()
        holds = placed or selection["ProtectedResourceType"] == "S3"
        yield (
            selection,
            holds,
            "Set subnets and security groups of the copy: the default VPC is used otherwise.",
        )


def cadences_of(platform: Assembly) -> dict[Resource, set[str]]:
    """Schedules of the restore tests of each resource."""
    schedules = {
        plan["RestoreTestingPlanName"]: plan["ScheduleExpression"]
        for plan in platform.some(TESTING)
    }
    found: dict[Resource, set[str]] = {}
    for selection in platform.some(TESTED):
        for resource in selection.mentions("ProtectedResourceArns"):
            found.setdefault(resource, set()).add(
                schedules.get(selection["RestoreTestingPlanName"], "no plan")
            )
    return found


def can_restore(role: Resource) -> bool:
    policies = json.dumps(role["ManagedPolicyArns"])
    return (
        "AWSBackupServiceRolePolicyForRestores" in policies
        and "AWSBackupServiceRolePolicyForS3Restore" in policies
    )


def receives_restores(rule: Resource) -> bool:
    pattern = rule["EventPattern"]
    kind = pattern.get("source") == ["aws.backup"] and pattern.get("detail-type") == [
        "Restore Job State Change"
    ]
    return (
        bool(kind) and at(pattern, "detail.status") == ["COMPLETED"] and rule["State"] == "ENABLED"
    )


def a_function_judges(plan: Resource) -> Verdicts:
    platform = plan.platform
    rules = [
        rule for rule in platform.users_of(plan, "AWS::Events::Rule") if receives_restores(rule)
    ]
    judges = {
        target
        for rule in rules
        for target in rule.mentions("Targets")
        if target.type == "AWS::Lambda::Function"
    }
    yield plan, len(judges) == 1, "Invoke a function that validates the copy."
    for judge in judges:
        role = judge.target("Role")
        policies = {
            policy
            for policy in platform.all("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")
            if role in policy.mentions("Roles")
        }
        reports = [
            s
            for s in statements_of(platform)
            if s.resource in policies and s.may("backup:PutRestoreValidationResult")
        ]
        yield judge, bool(reports), "Allow it to report its verdict to AWS Backup."
        callers = {
            p["Principal"]
            for p in platform.all("AWS::Lambda::Permission")
            if p.target("FunctionName") is judge
        }
        yield judge, callers == {"events.amazonaws.com"}, "Allow only EventBridge to invoke it."


@promise
def test_p070_recovery_document_matches_templates(platform: Assembly) -> Verdicts:
    """The recovery times and retention periods in the recovery document match the templates.

    Kept by: [recovery](recovery.md)
    """
    rules = [rule for rule in plan_rules(platform) if not rule.get("CopyActions")]
    nightly = [(rule["ScheduleExpression"], rule["Lifecycle"]["DeleteAfterDays"]) for rule in rules]
    for row in (
        "a database: dropped table, bad migration",
        "a bucket as a whole",
        "a volume of Kubernetes",
    ):
        stated = [("cron(0 5 * * ? *)", number) for number in days(row)]  # 02:00 in São Paulo
        holds = stated == nightly
        yield (
            f"docs/recovery.md {row}",
            holds,
            f"The document states {stated}, but the plan has {nightly}. Correct one of them.",
        )
    tracks, client = days("the audio library or the web client: overwritten, deleted")
    for name, number in (("Audio", tracks), ("Web", client)):
        bucket = bucket_of(platform, name)
        replaced = bucket[
            "LifecycleConfiguration.Rules.0.NoncurrentVersionExpiration.NoncurrentDays"
        ]
        yield (
            bucket,
            replaced == number,
            f"docs/recovery.md keeps replaced versions for {number} days, not {replaced}.",
        )
    (number,) = days("an upload that was not promoted")
    waits = bucket_of(platform, "Uploads")["LifecycleConfiguration.Rules.0.ExpirationInDays"]
    yield (
        bucket_of(platform, "Uploads"),
        waits == number,
        f"docs/recovery.md keeps uploads for {number} days, not {waits}.",
    )
    weekly = {
        resource.name
        for resource, schedules in cadences_of(platform).items()
        if EVERY["week"] in schedules
    }
    for resource in to_bring_back(platform):
        on_sundays = resource.name in weekly or resource.name == "data/AudioBucket"
        yield (
            resource,
            on_sundays,
            (
                "docs/recovery.md says that databases and web client come back on Sundays at 04:00 "
                "in São Paulo."
            ),
        )
    every = f"data.backup.audio_restored_every` (`{BackupSettings().audio_restored_every}` unless"
    yield (
        "docs/recovery.md",
        every in " ".join(document().split()),
        "It says how often the audio library comes back.",
    )
    yield (
        "data/RestoreTesting",
        recovery_hours(platform) == RECOVERY_HOURS,
        "It admits another time than the step of the way back.",
    )
    yield from another_takes_over(platform)
    kept = lost_and_back(platform)
    for row, (lost, back) in kept.items():
        said = tuple(cell.strip() for cell in table()[row][:2])
        yield (
            f"docs/recovery.md {row}",
            said == (lost, back),
            (
                f"The document states {said}, but the templates result in {(lost, back)}. "
                "Correct one of them."
            ),
        )
    forgotten = sorted(table().keys() - kept.keys() - {"failure"})
    yield "docs/recovery.md", not forgotten, f"No row of the table decides {forgotten}. Add one."
    longest = " or ".join(
        sorted({back for row, (_, back) in kept.items() if row.startswith("a zone")})
    )
    objectives = " ".join((ROOT / "docs" / "slo.md").read_text().split())
    agrees = f"costs at most {longest} of these objectives" in objectives
    yield "docs/slo.md", agrees, f"State {longest} for the loss of a zone in docs/recovery.md."


def lost_and_back(platform: Assembly) -> dict[str, tuple[str, str]]:
    """Maximum data loss and recovery time of each row of the document, computed from the templates.

    Documented figures of AWS: RDS uploads its transaction log every five minutes, and a standby
    takes over within two (Amazon RDS user guide, restoring to a point in time, failover); S3
    backups are continuous with a lag of fifteen minutes (AWS Backup developer guide, continuous
    backups); a replica of the cache is promoted within two (Amazon ElastiCache user guide,
    Multi-AZ). Restores take the steps of tools/gameday/restores.py.
    """
    back = {row: restore.objective for row, restore in RESTORES.items()}
    database = "a database: dropped table, bad migration"
    continuous = any(rule.get("EnableContinuousBackup") is True for rule in plan_rules(platform))
    (nightly,) = {
        f"{nights(rule['ScheduleExpression']) * 24} hours" for rule in plan_rules(platform)
    }
    standby = (
        all(database["MultiAZ"] is True for database in sources(platform))
        or platform.name in DEVIATIONS[36]
    )
    versions = {
        bucket_of(platform, name)["VersioningConfiguration.Status"] for name in ("Audio", "Web")
    }
    cache = platform.some("AWS::ElastiCache::ReplicationGroup")[0]
    lost = {
        database: "5 minutes" if continuous else nightly,
        "the audio library or the web client: overwritten, deleted": "nothing"
        if versions == {"Enabled"}
        else "everything",
        "a bucket as a whole": "15 minutes" if continuous else nightly,
        "a volume of Kubernetes": nightly,
        "the cache as a whole": "24 hours" if cache["SnapshotRetentionLimit"] else "everything",
    }
    return {
        "a zone, with the primary database in it": ("nothing", "2 minutes")
        if standby
        else ("5 minutes", back[database]),
        "a zone, with the primary cache node in it": (
            f"{lag_seconds(platform):g} second of writes",
            "2 minutes",
        ),
        **{row: (lost[row], back[row]) for row in back},
        "an upload that was not promoted": ("everything", "–"),
    }


def recovery_hours(platform: Assembly) -> dict[str, int]:
    """Hours that the validation function allows for a restore, by type of resource."""
    (hours,) = {
        hours
        for function in platform.some("AWS::Lambda::Function")
        if (hours := function["Environment.Variables.RECOVERY_HOURS"])
    }
    allowed: dict[str, int] = json.loads(hours)
    return allowed


def lag_seconds(platform: Assembly) -> float:
    """Replication lag of the cache, in seconds, at which its alarm fires."""
    alarms = [
        alarm
        for alarm in platform.some("AWS::CloudWatch::Alarm")
        if alarm["MetricName"] == "ReplicationLag"
    ]
    return float(min(alarm["Threshold"] for alarm in alarms))


def nights(schedule: str) -> int:
    """Days between two backups. All schedules of the project are daily."""
    assert re.fullmatch(r"cron\(\d+ \d+ \* \* \? \*\)", schedule), f"{schedule} is not every night"
    return 1


def another_takes_over(platform: Assembly) -> Verdicts:
    """Within two minutes a standby takes over a lost zone; the document describes dev without a
    standby.
    """
    restored = (
        "Without `multi_az` (dev) the loss of a zone is restored like a damaged database"
        in document()
    )
    for database in sources(platform):
        as_stated = database["MultiAZ"] is True or (restored and platform.name in DEVIATIONS[36])
        yield database, as_stated, "docs/recovery.md states two minutes: set multi_az."
    for nodes in platform.some("AWS::ElastiCache::ReplicationGroup"):
        yield (
            nodes,
            nodes["AutomaticFailoverEnabled"] is True,
            "docs/recovery.md states a failover to a replica. Enable it.",
        )
        yield (
            nodes,
            (nodes["SnapshotRetentionLimit"] or 0) >= 1,
            "docs/recovery.md states a snapshot every night.",
        )
