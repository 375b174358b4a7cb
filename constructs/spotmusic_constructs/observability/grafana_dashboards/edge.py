"""CloudFront and its web ACL."""

from spotmusic_constructs.observability.grafana_dashboards.model import EDGE_REGION, Choice, CloudWatchQuery, Dashboard, Panel, Row


def _cloudfront(metric: str, legend: str, statistic: str = "Sum") -> CloudWatchQuery:
    dimensions = {"DistributionId": "$distribution", "Region": "Global"}
    return CloudWatchQuery(
        namespace="AWS/CloudFront", metric=metric, dimensions=dimensions, statistic=statistic, legend=legend, region=EDGE_REGION
    )


def _waf(metric: str, rule: str, legend: str) -> CloudWatchQuery:
    dimensions = {"WebACL": "$acl", "Rule": rule}
    return CloudWatchQuery(namespace="AWS/WAFV2", metric=metric, dimensions=dimensions, statistic="Sum", legend=legend, region=EDGE_REGION)


DASHBOARD = Dashboard(
    uid="edge",
    title="Edge: CloudFront and WAF",
    description="What viewers ask the edge for, what it answers, and what it blocks.",
    folder="AWS",
    choices=[
        Choice(name="distribution", label="Distribution", names="distribution"),
        Choice(name="acl", label="Web ACL", names="webAcl"),
    ],
    rows=[
        Row(
            title="CloudFront",
            panels=[
                Panel(
                    title="Requests",
                    description="Requests of viewers for audio, web player and API.",
                    unit="short",
                    queries=[_cloudfront("Requests", "requests")],
                ),
                Panel(
                    title="Errors",
                    description="Share of answers with 4xx and 5xx. Expired signatures of audio are 403.",
                    unit="percent",
                    warning=5,
                    queries=[_cloudfront("4xxErrorRate", "4xx", "Average"), _cloudfront("5xxErrorRate", "5xx", "Average")],
                ),
                Panel(
                    title="Bytes to viewers",
                    description="Nearly all of it is audio; it is what CloudFront is paid for.",
                    unit="bytes",
                    queries=[_cloudfront("BytesDownloaded", "bytes")],
                ),
            ],
        ),
        Row(
            title="WAF",
            panels=[
                Panel(
                    title="Requests that pass and that do not",
                    description="A peak of blocked requests is an attack, or a rule that hits listeners.",
                    unit="short",
                    width=12,
                    queries=[_waf("AllowedRequests", "ALL", "allowed"), _waf("BlockedRequests", "ALL", "blocked")],
                ),
                Panel(
                    title="Blocked by rule",
                    description="Which rule blocks. The log of the web ACL has the requests.",
                    unit="short",
                    width=12,
                    queries=[_waf("BlockedRequests", "*", "${PROP('Dim.Rule')}")],
                ),
            ],
        ),
    ],
)
