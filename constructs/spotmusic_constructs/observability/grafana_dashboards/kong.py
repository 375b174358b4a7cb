"""Kong: what comes in, what is refused, and how long it takes."""

from spotmusic_constructs.observability.grafana_dashboards.model import Dashboard, Panel, Query, Row


def _quantile(quantile: float, histogram: str) -> str:
    return f"histogram_quantile({quantile}, sum by (le) (rate({histogram}_bucket[5m])))"


DASHBOARD = Dashboard(
    uid="kong",
    title="Kong",
    description="The API gateway: what comes in, what is refused, and how long it takes.",
    folder="Platform",
    rows=[
        Row(
            title="Requests",
            panels=[
                Panel(
                    title="Requests by service",
                    description="Requests per second that each service behind the gateway gets.",
                    unit="reqps",
                    queries=[
                        Query(expr="sum by (exported_service) (rate(kong_http_requests_total[5m]))", legend="{{exported_service}}"),
                    ],
                ),
                Panel(
                    title="Answers by status",
                    description="401: no valid token. 413: too large. 429: rate limit. 5xx: a service, or Kong itself.",
                    unit="reqps",
                    queries=[Query(expr="sum by (code) (rate(kong_http_requests_total[5m]))", legend="{{code}}")],
                ),
                Panel(
                    title="Server errors by service",
                    description="Share of answers with 5xx. An alert fires at 5%.",
                    unit="percentunit",
                    warning=0.05,
                    queries=[Query(expr="kong:errors:ratio_rate5m", legend="{{exported_service}}")],
                ),
            ],
        ),
        Row(
            title="Time",
            panels=[
                Panel(
                    title="Whole request",
                    description="From the first byte in to the last byte out. Promised are 500 ms for 99 of 100.",
                    unit="ms",
                    warning=500,
                    queries=[Query(expr=_quantile(q, "kong_request_latency_ms"), legend=f"p{q * 100:g}") for q in (0.5, 0.95, 0.99)],
                ),
                Panel(
                    title="Services behind it",
                    description="Time until the service begins to answer.",
                    unit="ms",
                    queries=[Query(expr=_quantile(q, "kong_upstream_latency_ms"), legend=f"p{q * 100:g}") for q in (0.5, 0.95, 0.99)],
                ),
                Panel(
                    title="Kong itself",
                    description="Time of Kong and its plugins: tokens, rate limits in the cache, headers.",
                    unit="ms",
                    warning=100,
                    queries=[Query(expr=_quantile(q, "kong_kong_latency_ms"), legend=f"p{q * 100:g}") for q in (0.5, 0.95, 0.99)],
                ),
            ],
        ),
        Row(
            title="Pods",
            panels=[
                Panel(
                    title="Pods",
                    description="Pods that run, and the most that the autoscaler may start.",
                    unit="short",
                    queries=[
                        Query(expr='kube_horizontalpodautoscaler_status_current_replicas{namespace="kong"}', legend="running"),
                        Query(expr='kube_horizontalpodautoscaler_spec_max_replicas{namespace="kong"}', legend="at most"),
                    ],
                ),
                Panel(
                    title="Connections",
                    description="Open connections by state. Many that wait are keep-alives.",
                    unit="short",
                    queries=[Query(expr="sum by (state) (kong_nginx_connections_total)", legend="{{state}}")],
                ),
                Panel(
                    title="Bytes",
                    description="Bytes per second in and out.",
                    unit="Bps",
                    queries=[Query(expr="sum by (direction) (rate(kong_bandwidth_bytes[5m]))", legend="{{direction}}")],
                ),
                Panel(
                    title="Shared memory",
                    description="Fill of Kong's shared dictionaries. Kong forgets what does not fit.",
                    unit="percentunit",
                    warning=0.9,
                    queries=[
                        Query(
                            expr=(
                                "max by (shared_dict) (kong_memory_lua_shared_dict_bytes)"
                                " / max by (shared_dict) (kong_memory_lua_shared_dict_total_bytes)"
                            ),
                            legend="{{shared_dict}}",
                        )
                    ],
                ),
            ],
        ),
    ],
)
