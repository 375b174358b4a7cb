"""Alarms of NAT gateways."""

from collections.abc import Iterator, Mapping
from functools import partial

from constructs import Construct

from spotmusic_constructs.observability.alarm import AlarmGroup, AlarmRule, MetricSource, Recipients


class NatGatewayAlarms(AlarmGroup):
    """Alarms of NAT gateways: failed connections and dropped packets.

    Args:
        recipients: topics.
        nat_gateway_ids: id of each gateway by its place, such as `zone A`.

    Example:
        NatGatewayAlarms(self, "NatAlarms", recipients=recipients,
                         nat_gateway_ids={"zone A": gateway_id})
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        recipients: Recipients,
        nat_gateway_ids: Mapping[str, str],
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            recipients=recipients,
            runbook="nat-gateway",
            rules=_rules(nat_gateway_ids),
        )


def _rules(nat_gateway_ids: Mapping[str, str]) -> Iterator[AlarmRule]:
    for place, gateway in nat_gateway_ids.items():
        total = partial(
            MetricSource,
            namespace="AWS/NATGateway",
            dimensions={"NatGatewayId": gateway},
            statistic="Sum",
        )
        name = place.title().replace(" ", "")
        yield AlarmRule(
            name=f"{name}Ports",
            summary=f"NAT gateway of {place}: no port is left for connections to one destination.",
            watch=total(name="ErrorPortAllocation"),
            thresholds={"critical": 1},
            datapoints=2,
        )
        yield AlarmRule(
            name=f"{name}Drops",
            summary=f"NAT gateway of {place}: it drops packets.",
            watch=total(name="PacketsDropCount"),
            thresholds={"warning": 100},
        )
