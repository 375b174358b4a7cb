"""Alarms of what viewers meet: CloudFront and its web ACL. Their metrics are in us-east-1, and so are these alarms."""

from aws_cdk import aws_sns as sns
from constructs import Construct

from spotmusic_constructs.observability.alarm import Alarms, Metric, Rule, Thresholds

SERVER_ERROR_PERCENT: Thresholds = {"warning": 1, "critical": 5}
CLIENT_ERROR_PERCENT: Thresholds = {"warning": 20}
BLOCKED_REQUESTS: Thresholds = {"warning": 1000, "critical": 20_000}
"""Starting points: a quiet day of the Internet's scanners stays below the first, a flood passes the second within a minute."""


class DistributionAlarms(Alarms):
    """Alarms of a CloudFront distribution: errors that viewers see.

    Args:
        topic: topic in us-east-1 that tells the team.
        distribution_id: id of the distribution.
        server_error_percent: requests answered with 5xx, in percent of five minutes.
        client_error_percent: requests answered with 4xx, in percent: signatures that expire, or a broken player.

    Example:
        DistributionAlarms(self, "DistributionAlarms", topic=alarms.topic, distribution_id=distribution.distribution_id)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        topic: sns.ITopic,
        distribution_id: str,
        server_error_percent: Thresholds = SERVER_ERROR_PERCENT,
        client_error_percent: Thresholds = CLIENT_ERROR_PERCENT,
    ) -> None:
        def rate(name: str) -> Metric:
            dimensions = {"DistributionId": distribution_id, "Region": "Global"}
            return Metric(namespace="AWS/CloudFront", name=name, dimensions=dimensions, period=300)

        super().__init__(
            scope,
            construct_id,
            topic=topic,
            runbook="edge",
            rules=[
                Rule(
                    name="ServerErrors",
                    summary="CloudFront answers viewers with server errors.",
                    watch=rate("5xxErrorRate"),
                    thresholds=server_error_percent,
                    periods=2,
                ),
                Rule(
                    name="ClientErrors",
                    summary="CloudFront refuses an unusual share of requests.",
                    watch=rate("4xxErrorRate"),
                    thresholds=client_error_percent,
                    periods=3,
                ),
            ],
        )


class WebAclAlarms(Alarms):
    """Alarms of a web ACL with CloudFront's scope: an attack, or a rule that blocks listeners.

    Args:
        topic: topic in us-east-1 that tells the team.
        metric_name: metric name of the web ACL (`VisibilityConfig`).
        blocked_requests: requests blocked in five minutes.

    Example:
        WebAclAlarms(self, "WebAclAlarms", topic=alarms.topic, metric_name="spotmusic-prod")
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        topic: sns.ITopic,
        metric_name: str,
        blocked_requests: Thresholds = BLOCKED_REQUESTS,
    ) -> None:
        blocked = Metric(
            namespace="AWS/WAFV2",
            name="BlockedRequests",
            dimensions={"WebACL": metric_name, "Rule": "ALL"},
            statistic="Sum",
            period=300,
        )
        super().__init__(
            scope,
            construct_id,
            topic=topic,
            runbook="web-acl",
            rules=[
                Rule(
                    name="Blocked",
                    summary="The web ACL blocks far more requests than on a quiet day.",
                    watch=blocked,
                    thresholds=blocked_requests,
                    periods=1,
                )
            ],
        )
