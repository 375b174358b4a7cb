"""Alarms on CloudFront and its web ACL, in us-east-1 like their metrics."""

from functools import partial

from constructs import Construct

from spotmusic_constructs.observability.alarm import (
    AlarmGroup,
    AlarmRule,
    Formula,
    MetricSource,
    Recipients,
    Thresholds,
)

SERVER_ERROR_PERCENT: Thresholds = {"warning": 1, "critical": 5}
CLIENT_ERROR_PERCENT: Thresholds = {"warning": 20}
MINIMUM_REQUESTS = 100
"""Requests in five minutes below which the percentage of 4xx causes no alarm: a scanner alone has
100% of them on a quiet distribution."""
LATENCY_MS: Thresholds = {"warning": 3000}
"""Listeners notice a wait of more than three seconds for a track."""
ANY_REQUEST: Thresholds = {"critical": 1}
"""Threshold of an environment with listeners at every hour. In others, a quarter of an hour without
a request is no failure."""
BLOCKED_REQUESTS: Thresholds = {"warning": 1000, "critical": 20_000}
"""Initial thresholds: scanners stay below the first on a quiet day, and a flood exceeds the second
at once."""

_FIVE_MINUTES = 300


class DistributionAlarms(AlarmGroup):
    """Alarms on errors, latency and missing requests of a CloudFront distribution.

    Args:
        recipients: topics, in us-east-1.
        distribution_id: id of the distribution, which must publish additional metrics.
        server_error_percent: percentage of requests with status 5xx.
        client_error_percent: percentage of requests with status 4xx, such as expired signatures or
            a broken player.
        latency_ms: p99 of the time to the origins' first byte, in milliseconds.
        requests: requests in five minutes below which viewers do not reach the distribution, such
            as `ANY_REQUEST`. Default: no alarm.

    Example:
        DistributionAlarms(self, "DistributionAlarms", recipients=recipients,
                           distribution_id=distribution.distribution_id)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        recipients: Recipients,
        distribution_id: str,
        server_error_percent: Thresholds = SERVER_ERROR_PERCENT,
        client_error_percent: Thresholds = CLIENT_ERROR_PERCENT,
        latency_ms: Thresholds = LATENCY_MS,
        requests: Thresholds | None = None,
    ) -> None:
        dimensions = {"DistributionId": distribution_id, "Region": "Global"}
        metric = partial(
            MetricSource, namespace="AWS/CloudFront", dimensions=dimensions, period=_FIVE_MINUTES
        )
        rules = [
            AlarmRule(
                name="Errors",
                runbook="edge#errors",
                summary="CloudFront: viewers get server errors.",
                watch=metric(name="5xxErrorRate"),
                thresholds=server_error_percent,
                periods=2,
            ),
            AlarmRule(
                name="Refused",
                runbook="edge#refused",
                summary="CloudFront: an unusual share of requests is refused (4xx).",
                watch=Formula(
                    expression=f"IF(FILL(requests, 0) >= {MINIMUM_REQUESTS}, FILL(refused, 0), 0)",
                    metrics={
                        "requests": metric(name="Requests", statistic="Sum"),
                        "refused": metric(name="4xxErrorRate"),
                    },
                    label="Requests answered with 4xx, in percent",
                ),
                thresholds=client_error_percent,
                periods=3,
            ),
            AlarmRule(
                name="Latency",
                runbook="edge#latency",
                summary=(
                    "CloudFront: the slowest hundredth of requests waits long for the gateway or a "
                    "bucket."
                ),
                watch=metric(name="OriginLatency", statistic="p99"),
                thresholds=latency_ms,
                periods=3,
            ),
            AlarmRule(
                name="NoRequests",
                runbook="edge#no-requests",
                summary=(
                    "CloudFront: no request has arrived for 15 minutes, so viewers do not reach it."
                ),
                watch=metric(name="Requests", statistic="Sum"),
                thresholds=requests or {},
                comparison="<",
                periods=3,
                missing_data="breaching",
            ),
        ]
        super().__init__(scope, construct_id, recipients=recipients, runbook="edge", rules=rules)


class WebAclAlarms(AlarmGroup):
    """Alarms on blocked requests of a web ACL: an attack, or a rule that blocks listeners.

    Args:
        recipients: topics, in us-east-1.
        metric_name: name of the web ACL in CloudWatch metrics.
        blocked_requests: requests blocked in five minutes.

    Example:
        WebAclAlarms(self, "WebAclAlarms", recipients=recipients, metric_name=acl.metric_name)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        recipients: Recipients,
        metric_name: str,
        blocked_requests: Thresholds = BLOCKED_REQUESTS,
    ) -> None:
        # Unlike a regional web ACL's, these metrics have no dimension for the region (AWS WAF
        # developer guide, metrics).
        dimensions = {"WebACL": metric_name, "Rule": "ALL"}
        blocked = AlarmRule(
            name="Blocked",
            summary="Web ACL: it blocks far more requests than on a quiet day.",
            watch=MetricSource(
                namespace="AWS/WAFV2",
                name="BlockedRequests",
                dimensions=dimensions,
                statistic="Sum",
                period=_FIVE_MINUTES,
            ),
            thresholds=blocked_requests,
            periods=1,
        )
        super().__init__(
            scope, construct_id, recipients=recipients, runbook="web-acl", rules=[blocked]
        )
