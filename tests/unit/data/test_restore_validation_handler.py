from collections.abc import Callable
from datetime import UTC, datetime
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import pytest

TIMES = {"creationDate": "2026-11-22T07:10:00.123Z", "completionDate": "2026-11-22T08:40:00Z"}
GOOD = {"DBInstanceStatus": "available", "StorageEncrypted": True, "PubliclyAccessible": False}


@pytest.fixture
def index(load_handler: Callable[[str, str], ModuleType]) -> ModuleType:
    return load_handler("restore_validation_handler", "index")


def verdict(
    index: ModuleType,
    kind: str,
    arn: str,
    *,
    hours: float = 2,
    job: dict[str, str] | None = None,
    **clients: MagicMock,
) -> dict[str, Any]:
    backup = MagicMock()
    backup.describe_restore_job.return_value = job or {}
    event = {"restoreJobId": "job-1", "resourceType": kind, "createdResourceArn": arn, **TIMES}
    failed = False
    try:
        index.validate(event, lambda service: {"backup": backup, **clients}[service], {kind: hours})
    except index.UnusableBackupError:
        failed = True
    arguments: dict[str, Any] = backup.put_restore_validation_result.call_args.kwargs
    assert failed == (arguments["ValidationStatus"] == "FAILED"), (
        "a bad verdict fails the function, after it was reported"
    )
    return arguments


@pytest.mark.parametrize(
    ("instance", "status"),
    [
        (GOOD, "SUCCESSFUL"),
        ({**GOOD, "DBInstanceStatus": "storage-initialization"}, "SUCCESSFUL"),
        ({**GOOD, "DBInstanceStatus": "incompatible-restore"}, "FAILED"),
        ({**GOOD, "StorageEncrypted": False}, "FAILED"),
        ({**GOOD, "PubliclyAccessible": True}, "FAILED"),
    ],
)
def test_restored_database_is_available_encrypted_private(
    index: ModuleType, instance: dict[str, Any], status: str
) -> None:
    rds = MagicMock()
    rds.describe_db_instances.return_value = {"DBInstances": [instance]}
    result = verdict(
        index, "RDS", "arn:aws:rds:sa-east-1:111122223333:db:awsbackup-restore-test-1", rds=rds
    )
    assert (result["RestoreJobId"], result["ValidationStatus"]) == ("job-1", status)
    rds.describe_db_instances.assert_called_once_with(
        DBInstanceIdentifier="awsbackup-restore-test-1"
    )


def test_restored_bucket_with_objects_passes(index: ModuleType) -> None:
    s3 = MagicMock()
    s3.list_objects_v2.return_value = {"KeyCount": 1}
    found = verdict(index, "S3", "arn:aws:s3:::awsbackup-restore-test-1", s3=s3)["ValidationStatus"]
    assert found == "SUCCESSFUL"
    s3.list_objects_v2.assert_called_once_with(Bucket="awsbackup-restore-test-1", MaxKeys=1)


OLD, NEW = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 22, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ({"KeyCount": 0, "IsTruncated": False}, "SUCCESSFUL"),
        ({"Contents": [{"LastModified": NEW}], "IsTruncated": False}, "SUCCESSFUL"),
        (
            {"Contents": [{"LastModified": NEW}, {"LastModified": OLD}], "IsTruncated": False},
            "FAILED",
        ),
        ({"Contents": [{"LastModified": NEW}], "IsTruncated": True}, "FAILED"),
    ],
    ids=[
        "nothing is there yet",
        "all of it came today",
        "some is older than the backup",
        "more than one page",
    ],
)
def test_empty_copy_of_empty_bucket_passes(
    index: ModuleType, source: dict[str, Any], status: str
) -> None:
    s3 = MagicMock()
    s3.list_objects_v2.side_effect = lambda **asked: (
        source if asked["Bucket"] == "audio" else {"KeyCount": 0}
    )
    job = {"SourceResourceArn": "arn:aws:s3:::audio"}
    found = verdict(index, "S3", "arn:aws:s3:::awsbackup-restore-test-1", job=job, s3=s3)[
        "ValidationStatus"
    ]
    assert found == status


def test_empty_copy_of_unknown_bucket_fails(index: ModuleType) -> None:
    s3 = MagicMock()
    s3.list_objects_v2.return_value = {"KeyCount": 0}
    found = verdict(index, "S3", "arn:aws:s3:::awsbackup-restore-test-1", s3=s3)["ValidationStatus"]
    assert found == "FAILED"


@pytest.mark.parametrize(("hours", "status"), [(1.5, "SUCCESSFUL"), (1, "FAILED")])
def test_late_restore_fails(index: ModuleType, hours: float, status: str) -> None:
    s3 = MagicMock()
    s3.list_objects_v2.return_value = {"KeyCount": 1}
    result = verdict(index, "S3", "arn:aws:s3:::awsbackup-restore-test-1", hours=hours, s3=s3)
    assert result["ValidationStatus"] == status
    assert (
        "its restore took 1.5 hours, and the limit is 1" in result["ValidationStatusMessage"]
    ) == (status == "FAILED")


def test_completion_time_falls_back_to_event(
    index: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, Any]] = []
    monkeypatch.setenv("RECOVERY_HOURS", '{"RDS": 2}')
    monkeypatch.setattr(
        index, "validate", lambda job, clients, hours: seen.append({**job, **hours})
    )
    index.handler({"time": "2026-11-22T08:40:00Z", "detail": {"resourceType": "RDS"}}, None)
    assert seen == [{"completionDate": "2026-11-22T08:40:00Z", "resourceType": "RDS", "RDS": 2}]


def test_unknown_resource_type_is_not_validated(index: ModuleType) -> None:
    backup = MagicMock()
    index.validate(
        {"restoreJobId": "job-1", "resourceType": "EFS", "createdResourceArn": "arn"},
        lambda _service: backup,
        {},
    )
    backup.put_restore_validation_result.assert_not_called()
