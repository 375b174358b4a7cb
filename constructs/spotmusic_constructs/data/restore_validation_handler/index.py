"""Check a resource that a restore test created, and report the verdict to AWS Backup."""

import json
import logging
import os
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import boto3

log = logging.getLogger()
log.setLevel(logging.INFO)

Clients = Callable[[str], Any]

_IN_USE = {"available", "backing-up", "storage-initialization", "storage-optimization"}
"""Statuses in which a database answers. RDS loads blocks from Amazon S3 after a restore (Amazon RDS
user guide, DB instance status)."""


class UnusableBackupError(Exception):
    """Restored resource that cannot be used.

    AWS Backup sends no notification of a failed validation: an alarm watches the errors of this
    function.
    """


def handler(event: dict[str, Any], _context: Any) -> None:
    """Handle the event of a completed restore job."""
    validate(
        {"completionDate": event["time"], **event["detail"]},
        boto3.client,
        json.loads(os.environ["RECOVERY_HOURS"]),
    )


def validate(job: dict[str, Any], clients: Clients, recovery_hours: Mapping[str, float]) -> None:
    """Check a restored resource and report the verdict, which AWS Backup keeps with the test.

    Args:
        job: detail of the event "Restore Job State Change".
        clients: factory of clients, by service.
        recovery_hours: maximum hours of a restore, by type of resource.

    Raises:
        UnusableBackupError: if the resource cannot be used, after the verdict is reported.
    """
    kind, arn = job["resourceType"], job["createdResourceArn"]
    if kind not in _JUDGES:
        log.warning("No check for a restored %s", kind)
        return
    wrong = [*_JUDGES[kind](job, clients), *_lateness(job, recovery_hours[kind])]
    message = f"{_NOUNS[kind]} " + (
        f"cannot be used: {', '.join(wrong)}" if wrong else "can be used"
    )
    log.info("%s: %s", arn, message)
    clients("backup").put_restore_validation_result(
        RestoreJobId=job["restoreJobId"],
        ValidationStatus="FAILED" if wrong else "SUCCESSFUL",
        ValidationStatusMessage=message,
    )
    if wrong:
        raise UnusableBackupError(f"{arn}: {message}")


def _lateness(job: dict[str, Any], most: float) -> list[str]:
    """Return a problem if the restore took longer than `most` hours."""
    if "creationDate" not in job:
        return ["its start time is unknown"]
    began, ended = (datetime.fromisoformat(job[key]) for key in ("creationDate", "completionDate"))
    took = (ended - began).total_seconds() / 3600
    return [f"its restore took {took:.1f} hours, and the limit is {most:g}"] if took > most else []


def _judge_database(job: Mapping[str, Any], clients: Clients) -> list[str]:
    instance = clients("rds").describe_db_instances(
        DBInstanceIdentifier=_name(job["createdResourceArn"])
    )["DBInstances"][0]
    status = instance["DBInstanceStatus"]
    problems = {
        f"its status is {status}": status not in _IN_USE,
        "it is not encrypted": not instance["StorageEncrypted"],
        "it is public": instance["PubliclyAccessible"],
    }
    return [problem for problem, is_found in problems.items() if is_found]


def _judge_bucket(job: Mapping[str, Any], clients: Clients) -> list[str]:
    """Return a problem if the bucket is empty and its source is not."""
    s3 = clients("s3")
    if s3.list_objects_v2(Bucket=_name(job["createdResourceArn"]), MaxKeys=1)["KeyCount"]:
        return []
    restored = clients("backup").describe_restore_job(RestoreJobId=job["restoreJobId"])
    source = restored.get("SourceResourceArn")
    if source is None:
        return ["it is empty, and its source is unknown"]
    held = s3.list_objects_v2(Bucket=_name(source))
    # Objects of the last day may be younger than the backup.
    backed_up = datetime.fromisoformat(job["creationDate"]) - timedelta(days=1)
    missing = held.get("IsTruncated") or any(
        item["LastModified"] < backed_up for item in held.get("Contents", [])
    )
    return ["it is empty, and its source is not"] if missing else []


def _name(arn: str) -> str:
    return arn.rpartition(":")[2]


_JUDGES: dict[str, Callable[[Mapping[str, Any], Clients], list[str]]] = {
    "RDS": _judge_database,
    "S3": _judge_bucket,
}
_NOUNS = {"RDS": "The instance", "S3": "The bucket"}
