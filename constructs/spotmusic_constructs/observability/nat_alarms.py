"""Alarms of NAT gateways."""

from collections.abc import Mapping

from aws_cdk import aws_sns as sns
from constructs import Construct

from spotmusic_constructs.observability.alarm import Alarms, Metric, Rule


class NatGatewayAlarms(Alarms):
    """Alarms of NAT gateways: connections and packets that do not get out.

    Args:
        topic: topic that tells the team.
        nat_gateways: id of each gateway by a CamelCase name.

    Example:
        NatGatewayAlarms(self, "NatAlarms", topic=topic, nat_gateways={"First": gateway_id})
    """

    def __init__(self, scope: Construct, construct_id: str, *, topic: sns.ITopic, nat_gateways: Mapping[str, str]) -> None:
        def total(name: str, gateway: str) -> Metric:
            return Metric(namespace="AWS/NATGateway", name=name, dimensions={"NatGatewayId": gateway}, statistic="Sum")

        super().__init__(
            scope,
            construct_id,
            topic=topic,
            runbook="nat-gateway",
            rules=[
                rule
                for name, gateway in nat_gateways.items()
                for rule in (
                    Rule(
                        name=f"{name}Ports",
                        summary="A NAT gateway has no port left for connections to one destination.",
                        watch=total("ErrorPortAllocation", gateway),
                        thresholds={"critical": 1},
                        datapoints=2,
                    ),
                    Rule(
                        name=f"{name}Drops",
                        summary="A NAT gateway drops packets.",
                        watch=total("PacketsDropCount", gateway),
                        thresholds={"warning": 100},
                    ),
                )
            ],
        )
