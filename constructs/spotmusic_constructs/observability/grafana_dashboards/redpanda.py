"""Redpanda: whether events are safe, how fast they come and go, and who falls behind."""

from spotmusic_constructs.observability.grafana_dashboards.model import Dashboard, Panel, Query, Row

LATENCY = "histogram_quantile(0.99, sum by (redpanda_request, le) (rate(redpanda_kafka_request_latency_seconds_bucket[5m])))"

DASHBOARD = Dashboard(
    uid="redpanda",
    title="Redpanda",
    description="Event streaming: whether events are safe, how fast they come and go, and who falls behind.",
    folder="Platform",
    rows=[
        Row(
            title="Safety",
            panels=[
                Panel(
                    title="Brokers",
                    description="Brokers that answer, of those that the cluster has.",
                    unit="short",
                    queries=[
                        Query(expr='sum(up{namespace="redpanda",job="redpanda"})', legend="answer"),
                        Query(expr="max(redpanda_cluster_brokers)", legend="members"),
                    ],
                ),
                Panel(
                    title="Partitions without a leader",
                    description="Anything above 0 means that events are refused.",
                    unit="short",
                    critical=1,
                    queries=[Query(expr="max(redpanda_cluster_unavailable_partitions)", legend="leaderless")],
                ),
                Panel(
                    title="Replicas that do not keep up",
                    description="Above 0 for minutes while a broker restarts; longer means that one is too slow or gone.",
                    unit="short",
                    warning=1,
                    queries=[Query(expr="sum by (redpanda_topic) (redpanda_kafka_under_replicated_replicas)", legend="{{redpanda_topic}}")],
                ),
            ],
        ),
        Row(
            title="Traffic",
            panels=[
                Panel(
                    title="Bytes by topic",
                    description="What is written and read.",
                    unit="Bps",
                    queries=[
                        Query(
                            expr="sum by (redpanda_topic, redpanda_request) (rate(redpanda_kafka_request_bytes_total[5m]))",
                            legend="{{redpanda_topic}} {{redpanda_request}}",
                        )
                    ],
                ),
                Panel(
                    title="Slowest hundredth of requests",
                    description="Time that 99 of 100 writes and reads stay below.",
                    unit="s",
                    warning=1,
                    queries=[Query(expr=LATENCY, legend="{{redpanda_request}}")],
                ),
                Panel(
                    title="Records that wait, by consumer group",
                    description="A line that only grows is a consumer that does not keep up.",
                    unit="short",
                    warning=100_000,
                    queries=[Query(expr="redpanda:lag:sum", legend="{{redpanda_group}}")],
                ),
            ],
        ),
        Row(
            title="Brokers",
            panels=[
                Panel(
                    title="Free disk",
                    description="Redpanda refuses writes before it is full.",
                    unit="percentunit",
                    queries=[Query(expr="redpanda_storage_disk_free_bytes / redpanda_storage_disk_total_bytes", legend="{{pod}}")],
                ),
                Panel(
                    title="Cpu",
                    description="Busy share of each broker's cores. Redpanda polls: some load is there without any traffic.",
                    unit="percentunit",
                    queries=[Query(expr="avg by (pod) (rate(redpanda_cpu_busy_seconds_total[5m]))", legend="{{pod}}")],
                ),
                Panel(
                    title="Memory that is left",
                    description="Free and reclaimable memory, the least of all cores.",
                    unit="bytes",
                    queries=[Query(expr="min by (pod) (redpanda_memory_available_memory)", legend="{{pod}}")],
                ),
                Panel(
                    title="Changes of leadership",
                    description="Many of them without a restart mean that brokers lose sight of each other.",
                    unit="short",
                    queries=[Query(expr="sum by (pod) (increase(redpanda_raft_leadership_changes[5m]))", legend="{{pod}}")],
                ),
            ],
        ),
    ],
)
