"""Alarm of scheduled restarts that were not requested."""

from constructs import Construct

from spotmusic_constructs.observability.alarm import AlarmGroup, AlarmRule, MetricSource, Recipients


class RestartAlarms(AlarmGroup):
    """Alarm of a schedule with a failed last retry.

    A restart that was requested and failed is a failed deployment (`EventAlarms`).

    Args:
        recipients: topics.
        group_name: group of the schedules.

    Example:
        RestartAlarms(self, "RestartAlarms", recipients=recipients, group_name=restarts.group.ref)
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, recipients: Recipients, group_name: str
    ) -> None:
        # Counted after the last attempt (EventBridge Scheduler user guide, monitoring with
        # CloudWatch).
        dropped = MetricSource(
            namespace="AWS/Scheduler",
            name="InvocationDroppedCount",
            dimensions={"ScheduleGroup": group_name},
            statistic="Sum",
            period=300,
        )
        super().__init__(
            scope,
            construct_id,
            recipients=recipients,
            runbook="secret-not-followed#a-service-was-not-restarted-this-week",
            rules=[
                AlarmRule(
                    name="Dropped",
                    summary=(
                        "Weekly restart: a service was not restarted. "
                        "Its tasks keep a password that fails after the next rotation."
                    ),
                    watch=dropped,
                    thresholds={"warning": 1},
                    periods=1,
                    event=True,
                )
            ],
        )
