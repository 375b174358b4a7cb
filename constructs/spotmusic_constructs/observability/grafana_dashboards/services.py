"""The application services on ECS."""

from spotmusic_constructs.observability.grafana_dashboards.model import Choice, CloudWatchQuery, Dashboard, Panel, Query, Row


def _ecs(metric: str, *, namespace: str = "AWS/ECS", statistic: str = "Average", legend: str = "") -> CloudWatchQuery:
    return CloudWatchQuery(
        namespace=namespace,
        metric=metric,
        statistic=statistic,
        dimensions={"ClusterName": "$cluster", "ServiceName": "$service"},
        legend=legend or "${PROP('Dim.ServiceName')}",
    )


DASHBOARD = Dashboard(
    uid="services",
    title="Services",
    description="Requests, errors and time of each application service, and the tasks that carry them.",
    folder="Platform",
    choices=[Choice(name="cluster", label="Cluster", names="ecsCluster"), Choice(name="service", label="Service", names="ecsServices")],
    rows=[
        Row(
            title="Requests",
            panels=[
                Panel(
                    title="Requests",
                    description="Requests per second of each service.",
                    unit="reqps",
                    queries=[Query(expr="service:requests:rate5m", legend="{{service}}")],
                ),
                Panel(
                    title="Server errors",
                    description="Share of answers with 5xx. An alert fires at 5%.",
                    unit="percentunit",
                    warning=0.05,
                    queries=[Query(expr="service:errors:ratio_rate5m", legend="{{service}}")],
                ),
                Panel(
                    title="Slowest hundredth",
                    description="Time that 99 of 100 requests stay below.",
                    unit="s",
                    warning=2,
                    queries=[Query(expr="service:latency:p99_5m", legend="{{service}}")],
                ),
                Panel(
                    title="Slowest routes",
                    description="The ten routes whose slowest hundredth takes longest.",
                    unit="s",
                    width=12,
                    queries=[
                        Query(
                            expr=(
                                "topk(10, histogram_quantile(0.99, sum by (service, http_route, le)"
                                " (rate(http_server_request_duration_seconds_bucket[5m]))))"
                            ),
                            legend="{{service}} {{http_route}}",
                        )
                    ],
                ),
                Panel(
                    title="Age of events when they are done",
                    description="Time that 99 of 100 events stay below, by topic. Promised are 30 seconds.",
                    unit="s",
                    width=12,
                    warning=30,
                    queries=[
                        Query(
                            expr="histogram_quantile(0.99, sum by (service, topic, le) (rate(event_age_seconds_bucket[5m])))",
                            legend="{{service}} {{topic}}",
                        )
                    ],
                ),
            ],
        ),
        Row(
            title="Tasks",
            panels=[
                Panel(
                    title="Tasks that answer",
                    description="Tasks that give their metrics. Cloud Map knows their addresses.",
                    unit="short",
                    queries=[Query(expr='sum by (service) (up{job=~"ecs-.+"})', legend="{{service}}")],
                ),
                Panel(
                    title="Tasks that run and should run",
                    description="Lines apart for long mean tasks that end as soon as they start.",
                    unit="short",
                    queries=[
                        _ecs("RunningTaskCount", namespace="ECS/ContainerInsights", legend="${PROP('Dim.ServiceName')} running"),
                        _ecs("DesiredTaskCount", namespace="ECS/ContainerInsights", legend="${PROP('Dim.ServiceName')} desired"),
                    ],
                ),
                Panel(
                    title="Cpu",
                    description="Scaling holds 60%.",
                    unit="percent",
                    warning=80,
                    queries=[_ecs("CPUUtilization")],
                ),
                Panel(
                    title="Memory",
                    description="A task that reaches 100% is ended.",
                    unit="percent",
                    warning=80,
                    critical=95,
                    queries=[_ecs("MemoryUtilization", statistic="Maximum")],
                ),
                Panel(
                    title="Stand-ins",
                    description="Services that run the stand-in because no image was pushed yet.",
                    unit="short",
                    kind="stat",
                    queries=[Query(expr="sum by (service) (spotmusic_bootstrap_image)", legend="{{service}}")],
                ),
            ],
        ),
    ],
)
