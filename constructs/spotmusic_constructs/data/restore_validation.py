"""Validation of resources restored by restore tests."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from spotmusic_constructs import durations
from spotmusic_constructs.acknowledge import acknowledge, wildcard_finding
from spotmusic_constructs.location import location_of
from spotmusic_constructs.platform_function import PlatformFunction
from spotmusic_constructs.rights import allow

_HANDLER = Path(__file__).parent / "restore_validation_handler"
_PREFIX = "awsbackup-restore-test-"
"""Name prefix of resources restored by AWS Backup (AWS Backup developer guide, inferred
metadata)."""


class RestoreValidation(PlatformFunction):
    """Lambda function that validates restored databases and buckets and reports to AWS Backup.

    Creates the function (Python), its role, its log group, and the EventBridge rule that calls it
    when a restore job of these plans completes. A database must be available, encrypted and
    private. A bucket must not be empty unless its source is empty. Both must be restored within
    `recovery_hours`. The function fails when a copy is unusable: create an alarm on its errors,
    because AWS Backup shows a failed validation in its console only.

    Args:
        plan_arns: ARNs of the restore testing plans.
        bucket_arns: source buckets, which the function lists when a copy is empty.
        recovery_hours: maximum hours of a restore, by AWS Backup's name of the resource type.
        log_key: customer-managed key of the data class "logs".
        log_retention: retention of the log groups.

    Example:
        RestoreValidation(self, "Validation", plan_arns=[plan_arn],
                          bucket_arns=[web.bucket.bucket_arn], recovery_hours={"RDS": 2, "S3": 24},
                          log_key=keys.logs)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        plan_arns: Sequence[str],
        bucket_arns: Sequence[str],
        recovery_hours: Mapping[str, float],
        log_key: kms.IKey,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
    ) -> None:
        location = location_of(scope)
        copies = {
            "rds:DescribeDBInstances": location.arn("rds", f"db:{_PREFIX}*"),
            "s3:ListBucket": f"arn:{location.partition}:s3:::{_PREFIX}*",
        }
        super().__init__(
            scope,
            construct_id,
            description="Validates resources of restore tests",
            code=lambda_.Code.from_asset(str(_HANDLER), exclude=["*", "!*.py"]),
            environment={"RECOVERY_HOURS": json.dumps(recovery_hours)},
            statements=[
                allow(["backup:DescribeRestoreJob", "backup:PutRestoreValidationResult"], ["*"]),
                *(allow([action], [resource]) for action, resource in copies.items()),
                *([allow(["s3:ListBucket"], bucket_arns)] if bucket_arns else []),
            ],
            log_key=log_key,
            log_retention=log_retention,
            timeout=durations.minutes(1),
            # A failed validation raises; without this, Lambda would retry it twice.
            retry_attempts=0,
            acknowledged=_ACKNOWLEDGED,
        )
        events.Rule(
            self,
            "Rule",
            description="A restore test has restored a resource",
            event_pattern=events.EventPattern(
                source=["aws.backup"],
                detail_type=["Restore Job State Change"],
                detail={"status": ["COMPLETED"], "restoreTestingPlanArn": list(plan_arns)},
            ),
            targets=[targets.LambdaFunction(self.function)],
        )
        prefix = "AWS Backup numbers the copies that it restores; they all begin with this prefix."
        acknowledge(
            self.rights.policies[0],
            {
                wildcard_finding("*"): "IAM has no resource for restore jobs and their validation.",
                **{wildcard_finding(resource): prefix for resource in copies.values()},
            },
        )


_ACKNOWLEDGED = {
    "NIST.800.53.R5::NIST.800.53.R5-LambdaConcurrency": (
        "It runs once a week for each database and a bucket; "
        "a reservation would reduce the concurrency of the account."
    ),
    "NIST.800.53.R5::NIST.800.53.R5-LambdaDLQ": (
        "A bad or missing verdict is an error of the function, which has an alarm; "
        "a dead letter would add nothing."
    ),
    "NIST.800.53.R5::NIST.800.53.R5-LambdaInsideVPC": (
        "It calls public AWS APIs over TLS and connects to nothing in the VPC."
    ),
}
