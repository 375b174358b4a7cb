from collections.abc import Callable
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import pytest

TIMES = {"creationDate": "2026-11-22T07:10:00.123Z", "completionDate": "2026-11-22T08:40:00Z"}
GOOD = {"DBInstanceStatus": "available", "StorageEncrypted": True, "PubliclyAccessible": False}


@pytest.fixture
def index(load_handler: Callable[[str, str], ModuleType]) -> ModuleType:
    return load_handler("restore_validation_handler", "index")


def verdict(index: ModuleType, kind: str, arn: str, *, hours: float = 2, **clients: MagicMock) -> dict[str, Any]:
    backup = MagicMock()
    job = {"restoreJobId": "job-1", "resourceType": kind, "createdResourceArn": arn, **TIMES}
    failed = False
    try:
        index.validate(job, lambda service: {"backup": backup, **clients}[service], {kind: hours})
    except index.UnusableBackupError:
        failed = True
    arguments: dict[str, Any] = backup.put_restore_validation_result.call_args.kwargs
    assert failed == (arguments["ValidationStatus"] == "FAILED"), "a bad verdict fails the function, after it was reported"
    return arguments


@pytest.mark.parametrize(
    ("instance", "status"),
    [
        (GOOD, "SUCCESSFUL"),
        ({**GOOD, "DBInstanceStatus": "incompatible-restore"}, "FAILED"),
        ({**GOOD, "StorageEncrypted": False}, "FAILED"),
        ({**GOOD, "PubliclyAccessible": True}, "FAILED"),
    ],
)
def test_a_database_must_be_available_encrypted_and_private(index: ModuleType, instance: dict[str, Any], status: str) -> None:
    rds = MagicMock()
    rds.describe_db_instances.return_value = {"DBInstances": [instance]}
    result = verdict(index, "RDS", "arn:aws:rds:sa-east-1:111122223333:db:awsbackup-restore-test-1", rds=rds)
    assert (result["RestoreJobId"], result["ValidationStatus"]) == ("job-1", status)
    rds.describe_db_instances.assert_called_once_with(DBInstanceIdentifier="awsbackup-restore-test-1")


@pytest.mark.parametrize(("count", "status"), [(1, "SUCCESSFUL"), (0, "FAILED")])
def test_a_bucket_must_not_be_empty(index: ModuleType, count: int, status: str) -> None:
    s3 = MagicMock()
    s3.list_objects_v2.return_value = {"KeyCount": count}
    assert verdict(index, "S3", "arn:aws:s3:::awsbackup-restore-test-1", s3=s3)["ValidationStatus"] == status
    s3.list_objects_v2.assert_called_once_with(Bucket="awsbackup-restore-test-1", MaxKeys=1)


@pytest.mark.parametrize(("hours", "status"), [(1.5, "SUCCESSFUL"), (1, "FAILED")])
def test_what_comes_back_late_keeps_no_promise(index: ModuleType, hours: float, status: str) -> None:
    s3 = MagicMock()
    s3.list_objects_v2.return_value = {"KeyCount": 1}
    result = verdict(index, "S3", "arn:aws:s3:::awsbackup-restore-test-1", hours=hours, s3=s3)
    assert result["ValidationStatus"] == status
    assert ("it came back after 1.5 hours, and 1 are promised" in result["ValidationStatusMessage"]) == (status == "FAILED")


def test_an_event_says_when_it_was_over_where_the_job_does_not(index: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []
    monkeypatch.setenv("RECOVERY_HOURS", '{"RDS": 2}')
    monkeypatch.setattr(index, "validate", lambda job, clients, hours: seen.append({**job, **hours}))
    index.handler({"time": "2026-11-22T08:40:00Z", "detail": {"resourceType": "RDS"}}, None)
    assert seen == [{"completionDate": "2026-11-22T08:40:00Z", "resourceType": "RDS", "RDS": 2}]


def test_nobody_judges_what_nobody_knows(index: ModuleType) -> None:
    backup = MagicMock()
    index.validate({"restoreJobId": "job-1", "resourceType": "EFS", "createdResourceArn": "arn"}, lambda _service: backup, {})
    backup.put_restore_validation_result.assert_not_called()
