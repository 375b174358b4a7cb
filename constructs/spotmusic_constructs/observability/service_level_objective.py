"""Service level objectives, and alarms of the burn rate of their error budgets."""

from dataclasses import dataclass
from functools import partial
from typing import Protocol

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge
from spotmusic_constructs.observability.alarm import (
    AlarmRule,
    Formula,
    MetricSource,
    Recipients,
    Severity,
    alarm,
)

_HOUR = 3600
_MONTH_DAYS = 30
_HALF = "One window does not suffice: the composite alarm notifies the team when both windows fire."
_ENDS_EXPERIMENTS = (
    "AWS FIS stops its experiment on this alarm; "
    "the composite alarms of the same objective notify the team."
)


@dataclass(frozen=True, kw_only=True)
class BurnRate:
    """Burn rate of an error budget over two windows.

    Args:
        severity: severity of the alarm.
        rate: multiple of the rate that spends the budget in exactly one month.
        long_seconds: long window.
        short_seconds: short window, which ends the alarm soon after the incident.
    """

    severity: Severity
    rate: float
    long_seconds: int
    short_seconds: int


BURN_RATES = (
    BurnRate(severity="critical", rate=14.4, long_seconds=_HOUR, short_seconds=300),
    BurnRate(severity="warning", rate=6, long_seconds=6 * _HOUR, short_seconds=1800),
)
"""2% of a month's budget in an hour, 5% in six hours. Source: The Site Reliability Workbook,
chapter 5, table 5-8."""

MINIMUM_BAD_REQUESTS = 10
"""Bad requests in the long window; fewer cause no alarm. With little traffic, a single bad request
exceeds the budget many times (The Site Reliability Workbook, chapter 5, "Low-Traffic Services and
Error Budget Alerting")."""


class BadPercent(Protocol):
    """Formula for the percentage of bad requests, such as `partial(error_rate, full_name)`."""

    def __call__(self, *, period: int, at_least: int) -> Formula:
        """Return the formula.

        Args:
            period: seconds.
            at_least: number of bad requests below which the result is 0.
        """


def slow_share(
    load_balancer_full_name: str, seconds: float, *, period: int, at_least: int = 0
) -> Formula:
    """Return the percentage of requests that targets answer after more than `seconds`.

    With fewer than `at_least` of them the result is 0.
    """
    whole = {"LoadBalancer": load_balancer_full_name}
    metric = partial(MetricSource, namespace="AWS/ApplicationELB", dimensions=whole, period=period)
    slow = "100 - FILL(within, 100)"
    metrics = {"within": metric(name="TargetResponseTime", statistic=f"PR(:{seconds:g})")}
    label = f"Requests slower than {seconds:g} s, in percent"
    if not at_least:
        return Formula(expression=slow, metrics=metrics, label=label)
    counted = f"FILL(requests, 0) * ({slow}) / 100"
    return Formula(
        expression=f"IF({counted} >= {at_least}, {slow}, 0)",
        metrics={**metrics, "requests": metric(name="RequestCount", statistic="Sum")},
        label=label,
    )


class ServiceLevelObjective(Construct):
    """Composite alarms of the burn rate of an error budget.

    Creates for each burn rate an alarm without actions for each window, and a composite alarm that
    is published when both windows exceed the rate. A short peak causes no alarm, and the alarm ends
    soon after the incident. Fewer than `MINIMUM_BAD_REQUESTS` in the long window cause none either.

    Args:
        recipients: topics.
        broken: subject and problem, without a full stop: "The Web API fails: its requests end in
            server errors".
        objective_percent: share of requests that must be good, below 100.
        bad_percent: formula for the percentage of bad requests.
        runbook: name of the runbook, without its suffix.
        burn_rates: burn rates with an alarm.

    Raises:
        ValueError: if the objective leaves no error budget.

    Example:
        ServiceLevelObjective(self, "Availability", recipients=recipients, objective_percent=99.9,
                              broken="The Web API fails: its requests end in server errors",
                              bad_percent=partial(error_rate, load_balancer_full_name),
                              runbook="web-api-slo")
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        recipients: Recipients,
        broken: str,
        objective_percent: float,
        bad_percent: BadPercent,
        runbook: str,
        burn_rates: tuple[BurnRate, ...] = BURN_RATES,
    ) -> None:
        super().__init__(scope, construct_id)
        if not 0 < objective_percent < 100:
            raise ValueError(
                f"objective_percent: {objective_percent} leaves no error budget. "
                "Use a share below 100, such as 99.9."
            )
        self._broken = broken
        self._bad_percent = bad_percent
        self._objective_percent = objective_percent
        self._burn_rates = burn_rates
        self.alarms = []
        for burn in burn_rates:
            description = recipients.text(self._pace(burn), severity=burn.severity, runbook=runbook)
            windows = [
                self._quiet(
                    f"{burn.severity.capitalize()}{name}",
                    burn,
                    description,
                    watch=self._bad_percent(period=seconds, at_least=at_least),
                    periods=1,
                    datapoints=1,
                    because=_HALF,
                )
                for name, seconds, at_least in (
                    ("Long", burn.long_seconds, MINIMUM_BAD_REQUESTS),
                    ("Short", burn.short_seconds, 0),
                )
            ]
            self.alarms.append(
                cloudwatch.CfnCompositeAlarm(
                    self,
                    f"{burn.severity.capitalize()}BurnRate",
                    alarm_description=description,
                    alarm_rule=" AND ".join(f'ALARM("{window.attr_arn}")' for window in windows),
                    actions_enabled=True,
                    alarm_actions=recipients.topics(burn.severity),
                    ok_actions=recipients.topics(burn.severity),
                )
            )

    def _pace(self, burn: BurnRate) -> str:
        """Return the problem in percent of the requests, and the days until the budget is spent."""
        allowed = 100 - self._objective_percent
        hours, days = burn.long_seconds // _HOUR, round(_MONTH_DAYS / burn.rate)
        window = "the last hour" if hours == 1 else f"the last {hours} hours"
        return (
            f"{self._broken}. Of the requests of {window}, more than {burn.rate * allowed:.3g}% "
            f"did; {allowed:.3g}% may. Objective: {self._objective_percent:g}%. "
            f"Its error budget burns {burn.rate:g} times too fast: "
            f"that of a month is gone in {days} days."
        )

    def stop_alarm(self, minutes: int) -> cloudwatch.CfnAlarm:
        """Create an alarm without actions that fires after an incident longer than some minutes.

        It stops experiments with an incident that outlasts the expected one. The threshold is the
        first burn rate. An n-minute incident overlaps n + 1 one-minute periods; hence n + 2 of
        n + 3 datapoints.
        """
        description = (
            f"{self._broken}, for more than {minutes} minutes: AWS FIS ends its experiment. "
            f"Objective: {self._objective_percent:g}%."
        )
        return self._quiet(
            "Outlasting",
            self._burn_rates[0],
            description,
            watch=self._bad_percent(period=60, at_least=0),
            periods=minutes + 3,
            datapoints=minutes + 2,
            because=_ENDS_EXPERIMENTS,
        )

    def _quiet(
        self,
        name: str,
        burn: BurnRate,
        description: str,
        *,
        watch: Formula,
        periods: int,
        datapoints: int,
        because: str,
    ) -> cloudwatch.CfnAlarm:
        """Create an alarm without actions."""
        threshold = round(burn.rate * (100 - self._objective_percent), 6)
        rule = AlarmRule(
            name=name,
            summary=description,
            watch=watch,
            thresholds={},
            periods=periods,
            datapoints=datapoints,
        )
        made = alarm(
            self, name, rule=rule, threshold=threshold, description=description, topics=None
        )
        acknowledge(made, {"NIST.800.53.R5::NIST.800.53.R5-CloudWatchAlarmAction": because})
        return made
