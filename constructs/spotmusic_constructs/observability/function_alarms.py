"""Alarms of Lambda functions without a caller."""

from collections.abc import Mapping
from dataclasses import dataclass

from constructs import Construct

from spotmusic_constructs.observability.alarm import (
    AlarmGroup,
    AlarmRule,
    MetricSource,
    Recipients,
    Severity,
)


@dataclass(frozen=True, kw_only=True)
class WatchedFunction:
    """Function, and the meaning of its failure.

    Args:
        function_name: name of the function.
        summary: subject and meaning of a failure, in a sentence.
        runbook: name of the runbook, without its suffix.
        severity: severity of a failure.
    """

    function_name: str
    summary: str
    runbook: str
    severity: Severity = "warning"


class FunctionAlarms(Construct):
    """Alarms of Lambda functions that a schedule or an event invokes.

    Args:
        recipients: topics.
        functions: functions by a CamelCase name.

    Example:
        FunctionAlarms(self, "FunctionAlarms", recipients=recipients,
                       functions={"Rotation": WatchedFunction(function_name="rotation", **options)})
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        recipients: Recipients,
        functions: Mapping[str, WatchedFunction],
    ) -> None:
        super().__init__(scope, construct_id)
        for name, function in functions.items():
            errors = MetricSource(
                namespace="AWS/Lambda",
                name="Errors",
                dimensions={"FunctionName": function.function_name},
                statistic="Sum",
                period=300,
            )
            rule = AlarmRule(
                name="Errors",
                summary=function.summary,
                watch=errors,
                thresholds={function.severity: 1},
                periods=1,
                event=True,
            )
            AlarmGroup(self, name, recipients=recipients, runbook=function.runbook, rules=[rule])
