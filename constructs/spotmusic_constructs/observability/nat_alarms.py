"""Alarms of NAT gateways."""

from collections.abc import Mapping

from constructs import Construct

from spotmusic_constructs.observability.alarm import AlarmGroup, AlarmRule, Audience, MetricSource


class NatGatewayAlarms(AlarmGroup):
    """Alarms of NAT gateways: failed connections and dropped packets.

    Args:
        audience: recipients.
        nat_gateways: id of each gateway by a CamelCase name, such as that of its zone.

    Example:
        NatGatewayAlarms(self, "NatAlarms", audience=audience, nat_gateways={"First": gateway_id})
    """

    def __init__(self, scope: Construct, construct_id: str, *, audience: Audience, nat_gateways: Mapping[str, str]) -> None:
        def total(name: str, gateway: str) -> MetricSource:
            return MetricSource(namespace="AWS/NATGateway", name=name, dimensions={"NatGatewayId": gateway}, statistic="Sum")

        super().__init__(
            scope,
            construct_id,
            audience=audience,
            runbook="nat-gateway",
            rules=[
                rule
                for name, gateway in nat_gateways.items()
                for rule in (
                    AlarmRule(
                        name=f"{name}Ports",
                        summary=f"NAT gateway {name}: no port is left for connections to one destination.",
                        watch=total("ErrorPortAllocation", gateway),
                        thresholds={"critical": 1},
                        datapoints=2,
                    ),
                    AlarmRule(
                        name=f"{name}Drops",
                        summary=f"NAT gateway {name}: it drops packets.",
                        watch=total("PacketsDropCount", gateway),
                        thresholds={"warning": 100},
                    ),
                )
            ],
        )
