"""Looks at what a restore test brought back, and tells AWS Backup whether it can be used."""

import logging
from collections.abc import Callable
from typing import Any

import boto3

log = logging.getLogger()
log.setLevel(logging.INFO)

Verdict = tuple[bool, str]
Clients = Callable[[str], Any]


class UnusableBackupError(Exception):
    """What came back cannot be used. AWS Backup tells nobody of a bad verdict; an error of the function is alarmed on."""


def handler(event: dict[str, Any], _context: Any) -> None:
    """Answers the event of a restore job that completed."""
    validate(event["detail"], boto3.client)


def validate(job: dict[str, Any], clients: Clients) -> None:
    """Judges a restored resource and reports the verdict, which AWS Backup keeps with the test.

    Args:
        job: detail of the event "Restore Job State Change".
        clients: gives the client of a service.

    Raises:
        UnusableBackupError: the verdict is bad; it was reported before.
    """
    kind, arn = job["resourceType"], job["createdResourceArn"]
    if kind not in _JUDGES:
        log.warning("Nobody judges a restored %s", kind)
        return
    good, message = _JUDGES[kind](arn, clients)
    log.info("%s: %s", arn, message)
    clients("backup").put_restore_validation_result(
        RestoreJobId=job["restoreJobId"],
        ValidationStatus="SUCCESSFUL" if good else "FAILED",
        ValidationStatusMessage=message,
    )
    if not good:
        raise UnusableBackupError(f"{arn}: {message}")


def _judge_database(arn: str, clients: Clients) -> Verdict:
    instance = clients("rds").describe_db_instances(DBInstanceIdentifier=arn.rpartition(":")[2])["DBInstances"][0]
    wrong = [
        problem
        for problem, found in (
            (f"its status is {instance['DBInstanceStatus']}", instance["DBInstanceStatus"] not in {"available", "backing-up"}),
            ("it is not encrypted", not instance["StorageEncrypted"]),
            ("it is public", instance["PubliclyAccessible"]),
        )
        if found
    ]
    return _verdict("The instance", wrong)


def _judge_bucket(arn: str, clients: Clients) -> Verdict:
    listing = clients("s3").list_objects_v2(Bucket=arn.rpartition(":")[2], MaxKeys=1)
    return _verdict("The bucket", [] if listing["KeyCount"] else ["it is empty"])


def _verdict(what: str, wrong: list[str]) -> Verdict:
    return (False, f"{what} cannot be used: {', '.join(wrong)}") if wrong else (True, f"{what} can be used")


_JUDGES: dict[str, Callable[[str, Clients], Verdict]] = {"RDS": _judge_database, "S3": _judge_bucket}
