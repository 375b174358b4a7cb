"""Alarms of NAT gateways."""

from collections.abc import Iterator, Mapping

from constructs import Construct

from spotmusic_constructs.observability.alarm import AlarmGroup, AlarmRule, MetricSource, Recipients


class NatGatewayAlarms(AlarmGroup):
    """Alarms of NAT gateways: failed connections and dropped packets.

    Args:
        recipients: topics.
        nat_gateway_ids: id of each gateway by its place, such as `zone A`.

    Example:
        NatGatewayAlarms(self, "NatAlarms", recipients=recipients, nat_gateway_ids={"zone A": gateway_id})
    """

    def __init__(self, scope: Construct, construct_id: str, *, recipients: Recipients, nat_gateway_ids: Mapping[str, str]) -> None:
        def rules_of(place: str, gateway: str) -> Iterator[AlarmRule]:
            def total(name: str) -> MetricSource:
                return MetricSource(namespace="AWS/NATGateway", name=name, dimensions={"NatGatewayId": gateway}, statistic="Sum")

            name = place.title().replace(" ", "")
            yield AlarmRule(
                name=f"{name}Ports",
                summary=f"NAT gateway of {place}: no port is left for connections to one destination.",
                watch=total("ErrorPortAllocation"),
                thresholds={"critical": 1},
                datapoints=2,
            )
            yield AlarmRule(
                name=f"{name}Drops",
                summary=f"NAT gateway of {place}: it drops packets.",
                watch=total("PacketsDropCount"),
                thresholds={"warning": 100},
            )

        rules = [rule for place, gateway in nat_gateway_ids.items() for rule in rules_of(place, gateway)]
        super().__init__(scope, construct_id, recipients=recipients, runbook="nat-gateway", rules=rules)
