"""Alarms of queues that publish the number of waiting messages as a metric."""

from collections.abc import Mapping
from dataclasses import dataclass

from constructs import Construct

from spotmusic_constructs.observability.alarm import (
    AlarmGroup,
    AlarmRule,
    MetricSource,
    Recipients,
    Thresholds,
)


@dataclass(frozen=True, kw_only=True)
class QueueWatch:
    """Queue and its thresholds.

    Args:
        metric: number of waiting messages, reported every minute even if it is zero.
        messages: waiting messages that cause an alarm after ten minutes.
    """

    metric: MetricSource
    messages: Thresholds


class QueueAlarms(AlarmGroup):
    """Alarms of queues: too many messages wait, or their number is unknown.

    Args:
        recipients: topics.
        queues: queues by name.

    Example:
        QueueAlarms(self, "QueueAlarms", recipients=recipients,
                   queues={"notifications": QueueWatch(metric=metric, messages={"warning": 1000})})
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        recipients: Recipients,
        queues: Mapping[str, QueueWatch],
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            recipients=recipients,
            runbook="queue",
            rules=[
                AlarmRule(
                    name=f"{name}-",
                    summary=(
                        f"Queue {name}: more tasks wait than its consumers take, "
                        "or their number is unknown."
                    ),
                    watch=watch.metric,
                    thresholds=watch.messages,
                    periods=10,
                    missing_data="breaching",
                )
                for name, watch in queues.items()
            ],
        )
