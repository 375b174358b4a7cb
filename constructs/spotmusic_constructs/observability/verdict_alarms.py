"""Alarms of the queues of verdicts on uploads."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from constructs import Construct

from spotmusic_constructs.observability.alarm import AlarmGroup, AlarmRule, MetricSource, Recipients

WAITING_SECONDS = 3600
"""An hour: longer than an artist watches the progress of an upload."""


@dataclass(frozen=True, kw_only=True)
class VerdictQueues:
    """Names of the two queues of a service.

    Args:
        queue: queue of the verdicts.
        dead_letters: queue of verdicts that failed or could not be delivered.
    """

    queue: str
    dead_letters: str


class VerdictAlarms(AlarmGroup):
    """Alarms of waiting verdicts and of dead letters.

    Args:
        recipients: topics.
        verdict_queues: queues by the name of the service that receives the verdicts.

    Example:
        queues = VerdictQueues(queue="verdicts", dead_letters="verdicts-failed")
        VerdictAlarms(self, "VerdictAlarms", recipients=recipients,
                      verdict_queues={"web-api": queues})
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        recipients: Recipients,
        verdict_queues: Mapping[str, VerdictQueues],
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            recipients=recipients,
            runbook="uploads",
            rules=_rules(verdict_queues),
        )


def _rules(verdict_queues: Mapping[str, VerdictQueues]) -> Iterator[AlarmRule]:
    for name, queues in verdict_queues.items():
        yield AlarmRule(
            name=f"{name}-Waiting",
            summary=(
                f"Service {name}: verdicts on uploads have waited for an hour, "
                "and no track is added."
            ),
            watch=_metric("ApproximateAgeOfOldestMessage", queues.queue),
            thresholds={"warning": WAITING_SECONDS},
            periods=1,
        )
        yield AlarmRule(
            name=f"{name}-DeadLetters",
            summary=(
                f"Service {name}: verdicts on uploads failed five times, "
                "or EventBridge could not deliver them."
            ),
            watch=_metric("ApproximateNumberOfMessagesVisible", queues.dead_letters),
            thresholds={"warning": 1},
            periods=1,
        )


def _metric(name: str, queue: str) -> MetricSource:
    return MetricSource(
        namespace="AWS/SQS",
        name=name,
        dimensions={"QueueName": queue},
        statistic="Maximum",
        period=300,
    )
