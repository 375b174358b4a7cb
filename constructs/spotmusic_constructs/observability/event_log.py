"""Events of AWS services: failovers, deployments, backups, findings, announcements."""

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from spotmusic_constructs.json_text import json_text
from spotmusic_constructs.location import Location, location_of
from spotmusic_constructs.observability.alarm import MetricSource

Pattern = Mapping[str, Any]
"""Event pattern of EventBridge."""

SOURCES: Mapping[str, Pattern] = {
    "Backup": {"source": ["aws.backup"]},
    # API calls, if a trail records them; node-based clusters publish no other events (ElastiCache
    # user guide).
    "Cache": {"source": ["aws.elasticache"]},
    "Certificates": {"source": ["aws.acm"]},
    "Databases": {"source": ["aws.rds"]},
    # Without events of tasks: Container Insights counts those.
    "Deployments": {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Deployment State Change", "ECS Service Action"],
    },
    "Findings": {"source": ["aws.guardduty"]},
    "Health": {"source": ["aws.health"]},
    "Keys": {"source": ["aws.kms"]},
    "Kubernetes": {"source": ["aws.eks"]},
}
"""Event pattern by rule. Source: the EventBridge events reference, 2026-11."""


def deletions(bucket_name: str) -> Pattern:
    """Return the pattern of deletions from a bucket, without those by lifecycle rules.

    The bucket must send its events to EventBridge.
    """
    detail = {"bucket": {"name": [bucket_name]}, "reason": ["DeleteObject"]}
    return {"source": ["aws.s3"], "detail-type": ["Object Deleted"], "detail": detail}


class EventLog(Construct):
    """Encrypted log group of events of AWS services, with counts.

    Creates the log group `/aws/events/<name>` (EventBridge requires the prefix), the policy that
    allows rules of this account to write to it, and a rule for each source.

    Args:
        name: last part of the name of the log group.
        key: customer-managed key of the data class "logs".
        namespace: namespace of the metrics of `count`.
        log_retention: retention of the events; a year for security records.
        patterns: event pattern by the name of its rule.
        removal_policy: removal policy of the log group. The default deletes it when its first
            deployment fails, because its name would block the second.

    Example:
        log = EventLog(self, "EventLog", name="spotmusic-prod", key=keys.logs,
                       namespace="Spotmusic/prod")
        failed = log.count("FailedBackups",
                           '{ $.source = "aws.backup" && $.detail.state = "FAILED" }')
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        key: kms.IKey,
        namespace: str,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        patterns: Mapping[str, Pattern] = SOURCES,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        location = location_of(scope)
        self._namespace = namespace
        self.log_group = logs.LogGroup(
            self,
            "LogGroup",
            log_group_name=f"/aws/events/{name}",
            encryption_key=key,
            retention=log_retention,
            removal_policy=removal_policy,
        )
        admission = logs.CfnResourcePolicy(
            self,
            "Policy",
            policy_name=f"{name}-events",
            policy_document=json_text(_policy(location, self.log_group.log_group_arn)),
        )
        self._log_group_name = self.log_group.log_group_name
        arn = location.arn("logs", f"log-group:{self._log_group_name}")
        for id_, pattern in patterns.items():
            rule = events.CfnRule(
                self,
                id_,
                description=f"Records events: {id_.lower()}",
                event_pattern=pattern,
                targets=[events.CfnRule.TargetProperty(arn=arn, id="EventLog")],
            )
            rule.add_resource_dependency(admission)

    def count(self, name: str, pattern: str, *, default: float | None = None) -> MetricSource:
        """Count the events that match a filter pattern of CloudWatch Logs.

        Args:
            name: name of the metric.
            pattern: filter pattern.
            default: value while other events arrive. Without it, such times have no data.

        Returns:
            The sum of matches in five minutes.
        """
        logs.CfnMetricFilter(
            self,
            f"Count{name}",
            log_group_name=self._log_group_name,
            filter_pattern=pattern,
            metric_transformations=[
                logs.CfnMetricFilter.MetricTransformationProperty(
                    metric_name=name,
                    metric_namespace=self._namespace,
                    metric_value="1",
                    default_value=default,
                )
            ],
        )
        return MetricSource(namespace=self._namespace, name=name, statistic="Sum", period=300)


def _policy(location: Location, log_group_arn: str) -> dict[str, Any]:
    rules = location.arn("events", "rule/*")
    writers = {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "RulesOfThisAccountWrite",
                "Effect": "Allow",
                "Principal": writers,
                "Action": "logs:PutLogEvents",
                "Resource": log_group_arn,
                "Condition": {"ArnLike": {"aws:SourceArn": rules}},
            },
            # EventBridge creates streams without the ARN of the rule (EventBridge user guide,
            # resource-based policies).
            {
                "Sid": "RulesMakeStreams",
                "Effect": "Allow",
                "Principal": writers,
                "Action": "logs:CreateLogStream",
                "Resource": log_group_arn,
            },
        ],
    }
