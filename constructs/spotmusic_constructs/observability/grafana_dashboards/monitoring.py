"""Prometheus, Alertmanager and Grafana themselves."""

from spotmusic_constructs.observability.grafana_dashboards.model import Dashboard, Panel, Query, Row

BEHIND = "prometheus_remote_storage_queue_highest_timestamp_seconds - prometheus_remote_storage_queue_highest_sent_timestamp_seconds"

DASHBOARD = Dashboard(
    uid="monitoring",
    title="Monitoring",
    description="Prometheus, Alertmanager and Grafana themselves: whether what they say can be believed.",
    folder="Platform",
    rows=[
        Row(
            title="Prometheus",
            panels=[
                Panel(
                    title="Targets",
                    description="Targets that answer, and those that do not.",
                    unit="short",
                    queries=[Query(expr="sum(up)", legend="answer"), Query(expr="count(up == 0)", legend="do not")],
                ),
                Panel(
                    title="Series",
                    description="Series in memory. It grows with pods; a jump is a label with too many values.",
                    unit="short",
                    queries=[Query(expr="max by (pod) (prometheus_tsdb_head_series)", legend="{{pod}}")],
                ),
                Panel(
                    title="Behind the workspace",
                    description="Age of the newest sample that the workspace has. After two hours samples are lost for good.",
                    unit="s",
                    warning=300,
                    critical=3600,
                    queries=[Query(expr=f"max by (pod) ({BEHIND})", legend="{{pod}}")],
                ),
                Panel(
                    title="Samples that the workspace refuses",
                    description="Always 0. The workspace's log group says why it refuses.",
                    unit="short",
                    warning=0.01,
                    queries=[Query(expr="sum by (pod) (rate(prometheus_remote_storage_samples_failed_total[5m]))", legend="{{pod}}")],
                ),
                Panel(
                    title="Rules that fail",
                    description="Always 0. Their alerts are missing while they fail.",
                    unit="short",
                    warning=0.01,
                    queries=[
                        Query(expr="sum by (rule_group) (increase(prometheus_rule_evaluation_failures_total[5m]))", legend="{{rule_group}}")
                    ],
                ),
                Panel(
                    title="Alerts",
                    description="Alerts that fire now, by severity.",
                    unit="short",
                    queries=[Query(expr='count by (severity) (ALERTS{alertstate="firing"})', legend="{{severity}}")],
                ),
            ],
        ),
        Row(
            title="Alertmanager",
            panels=[
                Panel(
                    title="Members that each replica sees",
                    description="Three. With fewer the team is told twice.",
                    unit="short",
                    queries=[Query(expr="alertmanager_cluster_members", legend="{{pod}}")],
                ),
                Panel(
                    title="Messages to the team",
                    description="Messages by way, and those that failed.",
                    unit="short",
                    queries=[
                        Query(expr="sum by (integration) (increase(alertmanager_notifications_total[5m]))", legend="{{integration}}"),
                        Query(
                            expr="sum by (integration) (increase(alertmanager_notifications_failed_total[5m]))",
                            legend="{{integration}} failed",
                        ),
                    ],
                ),
                Panel(
                    title="Alerts that it holds",
                    description="Active ones, and those that a silence or another alert suppresses.",
                    unit="short",
                    queries=[Query(expr="max by (state) (alertmanager_alerts)", legend="{{state}}")],
                ),
            ],
        ),
        Row(
            title="Grafana",
            panels=[
                Panel(
                    title="Requests",
                    description="Requests per second, by status.",
                    unit="reqps",
                    queries=[
                        Query(expr="sum by (status_code) (rate(grafana_http_request_duration_seconds_count[5m]))", legend="{{status_code}}")
                    ],
                ),
                Panel(
                    title="Slowest hundredth",
                    description="Time that 99 of 100 requests stay below; long queries to CloudWatch count as well.",
                    unit="s",
                    queries=[
                        Query(
                            expr="histogram_quantile(0.99, sum by (le) (rate(grafana_http_request_duration_seconds_bucket[5m])))",
                            legend="p99",
                        )
                    ],
                ),
                Panel(
                    title="Dashboards",
                    description="Dashboards that Grafana knows. Fewer than yesterday means that a ConfigMap was not read.",
                    unit="short",
                    kind="stat",
                    queries=[Query(expr="max(grafana_stat_totals_dashboard)", legend="dashboards")],
                ),
            ],
        ),
    ],
)
