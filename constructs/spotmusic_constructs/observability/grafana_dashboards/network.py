"""VPC and load balancers."""

from spotmusic_constructs.observability.grafana_dashboards.model import Choice, CloudWatchQuery, Dashboard, Panel, Row


def _nat(metric: str) -> CloudWatchQuery:
    return CloudWatchQuery(
        namespace="AWS/NATGateway",
        metric=metric,
        dimensions={"NatGatewayId": "$gateway"},
        statistic="Sum",
        legend="${PROP('Dim.NatGatewayId')}",
    )


def _balancer(metric: str, statistic: str = "Sum", *, kind: str = "Application", legend: str = "") -> CloudWatchQuery:
    return CloudWatchQuery(
        namespace=f"AWS/{kind}ELB",
        metric=metric,
        dimensions={"LoadBalancer": "$balancer" if kind == "Application" else "$brokers"},
        statistic=statistic,
        legend=f"${{PROP('Dim.LoadBalancer')}} {legend}".strip(),
    )


DASHBOARD = Dashboard(
    uid="network",
    title="Network: load balancers and VPC",
    description="What goes through the load balancers and out of the VPC.",
    folder="AWS",
    choices=[
        Choice(name="balancer", label="Load balancer", names="loadBalancers"),
        Choice(name="brokers", label="Broker load balancer", names="brokerLoadBalancer"),
        Choice(name="gateway", label="NAT gateway", names="natGateways"),
    ],
    rows=[
        Row(
            title="Application Load Balancers",
            panels=[
                Panel(
                    title="Requests",
                    description="Requests that come to the gateway, and those that it hands on to services.",
                    unit="short",
                    queries=[_balancer("RequestCount")],
                ),
                Panel(
                    title="Server errors",
                    description="Of the load balancer itself: nobody is behind it. Of its targets: they answered so.",
                    unit="short",
                    queries=[
                        _balancer("HTTPCode_ELB_5XX_Count", legend="itself"),
                        _balancer("HTTPCode_Target_5XX_Count", legend="targets"),
                    ],
                ),
                Panel(
                    title="Slowest hundredth",
                    description="Time until targets begin to answer.",
                    unit="s",
                    warning=0.5,
                    queries=[_balancer("TargetResponseTime", "p99")],
                ),
            ],
        ),
        Row(
            title="Broker load balancer",
            panels=[
                Panel(
                    title="Connections",
                    description="Connections of services to Redpanda and RabbitMQ.",
                    unit="short",
                    queries=[_balancer("ActiveFlowCount", "Average", kind="Network")],
                ),
                Panel(
                    title="Bytes",
                    description="Events and tasks in both directions.",
                    unit="bytes",
                    queries=[_balancer("ProcessedBytes", kind="Network")],
                ),
                Panel(
                    title="Connections that brokers ended",
                    description="A peak is a broker that restarts.",
                    unit="short",
                    queries=[_balancer("TCP_Target_Reset_Count", kind="Network")],
                ),
            ],
        ),
        Row(
            title="Way out of the VPC",
            panels=[
                Panel(
                    title="Bytes out",
                    description="What leaves through NAT is paid by the byte; AWS services have endpoints instead.",
                    unit="bytes",
                    queries=[_nat("BytesOutToDestination")],
                ),
                Panel(
                    title="Ports that ran out",
                    description="Always 0. Otherwise connections to one address fail.",
                    unit="short",
                    critical=1,
                    queries=[_nat("ErrorPortAllocation")],
                ),
                Panel(
                    title="Packets dropped",
                    description="Always next to 0.",
                    unit="short",
                    queries=[_nat("PacketsDropCount")],
                ),
            ],
        ),
    ],
)
