"""RabbitMQ: what waits, what fails, and whether the cluster holds together."""

from spotmusic_constructs.observability.grafana_dashboards.model import Dashboard, Panel, Query, Row

DASHBOARD = Dashboard(
    uid="rabbitmq",
    title="RabbitMQ",
    description="Tasks between services: what waits, what fails, and whether the cluster holds together.",
    folder="Platform",
    rows=[
        Row(
            title="Queues",
            panels=[
                Panel(
                    title="Messages that wait",
                    description="A line that only grows has too few consumers, or none.",
                    unit="short",
                    warning=10_000,
                    queries=[Query(expr="rabbitmq:ready:sum", legend="{{queue}}")],
                ),
                Panel(
                    title="Messages that are worked on",
                    description="Delivered and not yet acknowledged.",
                    unit="short",
                    queries=[Query(expr="sum by (queue) (rabbitmq_detailed_queue_messages_unacked)", legend="{{queue}}")],
                ),
                Panel(
                    title="Consumers",
                    description="0 beside messages that wait means that a service is down or cannot log in.",
                    unit="short",
                    queries=[Query(expr="sum by (queue) (rabbitmq_detailed_queue_consumers)", legend="{{queue}}")],
                ),
            ],
        ),
        Row(
            title="Traffic",
            panels=[
                Panel(
                    title="Messages per second",
                    description="In and out of the cluster.",
                    unit="short",
                    queries=[
                        Query(expr="sum(rate(rabbitmq_global_messages_received_total[5m]))", legend="received"),
                        Query(expr="sum(rate(rabbitmq_global_messages_delivered_total[5m]))", legend="delivered"),
                        Query(expr="sum(rate(rabbitmq_global_messages_acknowledged_total[5m]))", legend="acknowledged"),
                    ],
                ),
                Panel(
                    title="Messages that were given up",
                    description="Dead-lettered because they were refused or delivered too often. They lie in dead-letters.",
                    unit="short",
                    queries=[
                        Query(expr="sum(rate(rabbitmq_global_messages_dead_lettered_rejected_total[5m]))", legend="refused"),
                        Query(expr="sum(rate(rabbitmq_global_messages_dead_lettered_delivery_limit_total[5m]))", legend="too often"),
                    ],
                ),
                Panel(
                    title="Messages that reach no queue",
                    description="Always 0, unless an exchange lacks a binding.",
                    unit="short",
                    warning=0.01,
                    queries=[Query(expr="sum(rate(rabbitmq_global_messages_unroutable_dropped_total[5m]))", legend="dropped")],
                ),
            ],
        ),
        Row(
            title="Nodes",
            panels=[
                Panel(
                    title="Nodes",
                    description="Three run. Two keep the queues, one does not.",
                    unit="short",
                    kind="stat",
                    width=4,
                    queries=[Query(expr='count(rabbitmq_build_info{metrics_path="/metrics"})', legend="nodes")],
                ),
                Panel(
                    title="Peers out of reach",
                    description="Anything above 0 is a network that is split.",
                    unit="short",
                    kind="stat",
                    width=4,
                    critical=1,
                    queries=[Query(expr="max(rabbitmq_unreachable_cluster_peers_count)", legend="peers")],
                ),
                Panel(
                    title="Memory",
                    description="Publishers are blocked at 100% of the high watermark.",
                    unit="percentunit",
                    critical=1,
                    queries=[Query(expr="rabbitmq_process_resident_memory_bytes / rabbitmq_resident_memory_limit_bytes", legend="{{pod}}")],
                ),
                Panel(
                    title="Free disk",
                    description="Publishers are blocked below the limit.",
                    unit="bytes",
                    queries=[
                        Query(expr="rabbitmq_disk_space_available_bytes", legend="{{pod}}"),
                        Query(expr="max(rabbitmq_disk_space_available_limit_bytes)", legend="limit"),
                    ],
                ),
                Panel(
                    title="Connections",
                    description="Connections of services. Each task holds a few for as long as it lives.",
                    unit="short",
                    queries=[Query(expr="sum by (pod) (rabbitmq_connections)", legend="{{pod}}")],
                ),
            ],
        ),
    ],
)
