"""Alarms of events: failed and missing jobs, deployments, findings, keys, AWS Health."""

from collections.abc import Mapping
from dataclasses import replace

from constructs import Construct

from spotmusic_constructs.data.upload_verdicts import DETAIL_TYPE
from spotmusic_constructs.observability.alarm import AlarmGroup, AlarmRule, Recipients, Severity
from spotmusic_constructs.observability.event_log import EventLog

_FAILED = (
    '($.detail.{field} = "FAILED" || $.detail.{field} = "ABORTED" || $.detail.{field} = "EXPIRED")'
)

# Backup and copy jobs have a state, restore jobs a status (AWS Backup developer guide, EventBridge
# events). The pattern of restores names its type, because other events may have a status too.
_PATTERNS: Mapping[str, tuple[str, Severity, str, str]] = {
    "FailedBackups": (
        "backup",
        "critical",
        "AWS Backup: a backup or its copy to the second vault failed.",
        '{ $.source = "aws.backup" && ' + _FAILED.format(field="state") + " }",
    ),
    "FailedRestores": (
        "backup",
        "critical",
        "AWS Backup: a restore failed. If it was the weekly test, the backup may be useless.",
        '{ $.source = "aws.backup" && $.detail-type = "Restore Job State Change" && '
        + _FAILED.format(field="status")
        + " }",
    ),
    "FailedDeployments": (
        "failed-deployment",
        "warning",
        "ECS: the deployment of a service failed and was rolled back.",
        '{ $.source = "aws.ecs" && $.detail.eventName = "SERVICE_DEPLOYMENT_FAILED" }',
    ),
    "Findings": (
        "security-finding",
        "critical",
        "GuardDuty: a finding of high severity.",
        '{ $.source = "aws.guardduty" && $.detail.severity >= 7 }',
    ),
    "InfectedUploads": (
        "security-finding",
        "warning",
        "Upload: a file contains malware. It stays tagged and is not promoted.",
        '{ $.source = "aws.guardduty"'
        ' && $.detail.scanResultDetails.scanResultStatus = "THREATS_FOUND" }',
    ),
    "UnscannedUploads": (
        "uploads",
        "warning",
        "Upload: a file could not be scanned. It cannot be read, and its retention deletes it.",
        '{ $.source = "aws.guardduty" && $.detail-type = "' + DETAIL_TYPE + '"'
        ' && $.detail.scanResultDetails.scanResultStatus != "NO_THREATS_FOUND"'
        ' && $.detail.scanResultDetails.scanResultStatus != "THREATS_FOUND" }',
    ),
    "ExpiringCertificates": (
        "certificate",
        "critical",
        "ACM: a certificate expires within 30 days, an imported one within 45, and is not renewed.",
        '{ $.source = "aws.acm" && $.detail-type = "ACM Certificate Approaching Expiration" }',
    ),
    "HealthNotices": (
        "aws-health",
        "warning",
        (
            "AWS Health: a problem, scheduled maintenance or abuse "
            "that concerns this account or region."
        ),
        '{ $.source = "aws.health" && ($.detail.eventTypeCategory = "issue"'
        ' || $.detail.eventTypeCategory = "scheduledChange"'
        ' || $.detail-type = "AWS Health Abuse Event") }',
    ),
    # A refused call has an errorCode. A deletion can be cancelled during its waiting period.
    "EndangeredKeys": (
        "encryption-key",
        "critical",
        (
            "AWS KMS: an encryption key is scheduled for deletion or was disabled. "
            "Cancel that before data is lost."
        ),
        '{ $.source = "aws.kms" && ($.detail.eventName = "ScheduleKeyDeletion"'
        ' || $.detail.eventName = "DisableKey")'
        " && $.detail.errorCode NOT EXISTS }",
    ),
    "DeletedKeys": (
        "encryption-key",
        "critical",
        "AWS KMS: an encryption key was deleted. Data that it encrypted cannot be read again.",
        '{ $.source = "aws.kms" && $.detail-type = "KMS CMK Deletion" }',
    ),
}


DELETED_TRACKS = 100
"""Tracks in five minutes. A take-down of one artist has fewer. Deletions can be undone while
noncurrent versions are kept."""


class DeletedTracks(AlarmGroup):
    """Alarm of many tracks deleted at once.

    Listeners notice deletions only when the edge caches expire.

    Args:
        recipients: topics.
        log: event log with the deletions of the audio library (`event_log.deletions`).

    Attributes:
        count: metric of deleted tracks.

    Example:
        DeletedTracks(self, "DeletedTracks", recipients=recipients, log=event_log)
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, recipients: Recipients, log: EventLog
    ) -> None:
        self.count = log.count(
            "DeletedTracks", '{ $.source = "aws.s3" && $.detail-type = "Object Deleted" }'
        )
        rule = AlarmRule(
            name="Count",
            summary=(
                f"Audio library: {DELETED_TRACKS} tracks were deleted in five minutes. "
                "Restore them, unless it was a take-down."
            ),
            watch=self.count,
            thresholds={"critical": DELETED_TRACKS},
            periods=1,
            event=True,
        )
        super().__init__(
            scope,
            construct_id,
            recipients=recipients,
            runbook="restore#objects-of-a-bucket",
            rules=[rule],
        )


COPIED: Mapping[str, tuple[str, str]] = {
    "Databases": ("RDS", "a database"),
    "Volumes": ("EBS", "a volume"),
}
"""Type of resource in the events of copy jobs, and its name in texts, by alarm (AWS Backup
developer guide, EventBridge events, 2026-11)."""
_DAY = 86_400
SILENT_DAYS = 2
"""Days without a copy before the alarm. The hour in which a copy completes differs from night to
night, so that a single period of a day can be empty."""


class MissingCopies(AlarmGroup):
    """Alarms of two days without a completed copy of a database or of a volume.

    A job that is never created reports no failure: a selection that matches nothing, a plan that
    was deleted. A completed copy covers plans, selections, role, keys, vaults and this log. Buckets
    have no copies; `RestoreTesting` restores them.

    A day without a copy counts 0, because RDS and AWS Backup send events every day. Without data of
    a day, CloudWatch would evaluate older days instead, and the alarm would be days late (Amazon
    CloudWatch user guide, missing data, read 2026-11).

    Args:
        recipients: topics.
        log: event log.

    Example:
        MissingCopies(self, "MissingCopies", recipients=recipients, log=event_log)
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, recipients: Recipients, log: EventLog
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            recipients=recipients,
            runbook="backup#no-copies",
            rules=[
                AlarmRule(
                    name=name,
                    summary=(
                        f"AWS Backup: no copy of {what} was completed in two days. "
                        "Backups may have stopped."
                    ),
                    watch=replace(
                        log.count(f"Copied{name}", _copy_of(kind), default=0), period=_DAY
                    ),
                    thresholds={"warning": 1},
                    comparison="<",
                    periods=SILENT_DAYS,
                    missing_data="breaching",
                )
                for name, (kind, what) in COPIED.items()
            ],
        )


def _copy_of(kind: str) -> str:
    return (
        '{ $.source = "aws.backup" && $.detail-type = "Copy Job State Change"'
        f' && $.detail.state = "COMPLETED" && $.detail.resourceType = "{kind}" }}'
    )


class EventAlarms(Construct):
    """Alarms of failures, findings and other events that require action.

    API calls become events only if a trail of CloudTrail records them (Amazon EventBridge user
    guide, AWS service events via CloudTrail). Without a trail, the alarm of keys that are scheduled
    for deletion never fires.

    Creates for each kind a metric filter on the log and an alarm, which returns to OK after five
    minutes without an event.

    Args:
        recipients: topics.
        log: event log.

    Example:
        EventAlarms(self, "EventAlarms", recipients=recipients, log=event_log)
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, recipients: Recipients, log: EventLog
    ) -> None:
        super().__init__(scope, construct_id)
        self.counts = {
            name: log.count(name, pattern) for name, (_, _, _, pattern) in _PATTERNS.items()
        }
        for name, (runbook, severity, summary, _) in _PATTERNS.items():
            rule = AlarmRule(
                name="Count",
                summary=summary,
                watch=self.counts[name],
                thresholds={severity: 1},
                periods=1,
                event=True,
            )
            AlarmGroup(self, name, recipients=recipients, runbook=runbook, rules=[rule])
