"""Alarms can fire: in time, in the right direction, and after the required number of datapoints."""

import re
from collections import defaultdict

from tests.metric_math import value_of
from tests.model.assembly import Assembly, Resource
from tests.model.values import Json
from tests.properties.alarm_limits import limit_of, problem_with_limit
from tests.properties.alarms import ALARM, COMPOSITE, alarms_that_tell, metrics_of, period_of, severity_of
from tests.properties.promise import Verdicts, rule

WITHIN = {"critical": 15 * 60, "warning": 30 * 60}
"""Maximum seconds until an alarm fires, by severity. In that time a critical outage consumes a third of the
monthly budget of 43 minutes (docs/slo.md); warnings are handled in working hours."""
DAILY = 86_400
"""Period of what AWS publishes once a day, such as the days that a certificate has left."""
FEWER_IS_WORSE = {
    "HealthyHostCount",
    "FreeStorageSpace",
    "FreeableMemory",
    "DaysToExpiry",
    "apiserver_request_total",
    "NumberOfMessagesPublished",
}
PERCENT = re.compile(r"(Utilization|Percentage|ErrorRate)$")


def names_of(alarm: Resource) -> set[str]:
    return {str(metric["MetricName"]) for metric in metrics_of(alarm)}


def read(alarm: Resource) -> list[Json]:
    return alarm["Metrics"] or []


@rule
def test_alarm_periods_match_their_text(platform: Assembly) -> Verdicts:
    telling = set(alarms_that_tell(platform))
    for alarm in platform.some(ALARM):
        periods, points = alarm["EvaluationPeriods"] or 0, alarm["DatapointsToAlarm"]
        period = period_of(alarm)
        yield (
            alarm,
            period in (10, 20, 30) or (period > 0 and period % 60 == 0),
            f"CloudWatch does not support a period of {period} s. Use 10, 30 or a multiple of 60.",
        )
        # An omitted list means all, and a reader cannot see whether that is intended.
        yield (
            alarm,
            points is not None and 1 <= points <= periods,
            f"Say how many of {periods} periods have to be beyond: it says {points}.",
        )
        if alarm in telling and period < DAILY:
            least = period * (points or periods)
            latest = WITHIN.get(severity_of(alarm) or "", 0)
            yield alarm, least <= latest, f"The alarm fires after {least} s. Let it fire within {latest} s, or lower its severity."


@rule
def test_alarm_operator_matches_metric_direction(platform: Assembly) -> Verdicts:
    for alarm in platform.some(ALARM):
        fewer = bool(names_of(alarm) & FEWER_IS_WORSE) and not read(alarm)
        compared = str(alarm["ComparisonOperator"] or "")
        yield alarm, compared.startswith("LessThan" if fewer else "GreaterThan"), f"Invert the comparison {compared}."
        limit = alarm["Threshold"]
        yield (
            alarm,
            not (fewer and limit == 1) or compared == "LessThanThreshold",
            "One is enough, and would fire it: say LessThanThreshold.",
        )
        reached = limit is not None and (limit > 0 if "OrEqual" in compared or fewer else limit >= 0)
        yield alarm, reached, f"With the limit {limit} the alarm never changes its state. Correct the limit."
        percent = any(PERCENT.search(name) for name in names_of(alarm)) or any(
            "100" in str(source.get("Expression")) for source in read(alarm)
        )
        yield alarm, not percent or (limit or 0) < 100, f"{limit}% is unreachable. Lower the limit."


@rule
def test_metric_math_returns_one_value(platform: Assembly) -> Verdicts:
    for alarm in platform.some(ALARM):
        if not read(alarm):
            said = all(alarm[path] for path in ("Namespace", "MetricName", "Period")) and bool(
                alarm["Statistic"] or alarm["ExtendedStatistic"]
            )
            yield alarm, said, "Say which metric, which statistic and which period."
            continue
        # CloudWatch rejects an alarm with two; the default of ReturnData is true.
        returned = [source for source in read(alarm) if source.get("ReturnData", True)]
        yield alarm, len(returned) == 1 and "Expression" in returned[0], "Return the result of the formula, and no other value."
        known = {source["Id"] for source in read(alarm)}
        named = set(re.findall(r"\b[a-z]\w*\b", " ".join(str(source.get("Expression", "")) for source in read(alarm))))
        yield alarm, named <= known, f"Its formula reads {sorted(named - known)}, which it does not define."


@rule
def test_critical_threshold_exceeds_warning(platform: Assembly) -> Verdicts:
    pairs: dict[tuple[str, ...], dict[str, Resource]] = defaultdict(dict)
    for alarm in platform.some(ALARM):
        severity = severity_of(alarm)
        # Names of a pair differ in the severity only; two windows of an objective each have a pair.
        pairs[alarm.stack, re.sub(r"(Warning|Critical)", "", alarm.name)][severity or ""] = alarm
    both = [(of["warning"], of["critical"]) for of in pairs.values() if {"warning", "critical"} <= of.keys()]
    yield "pairs of alarms", bool(both), "Add an alarm of severity warning for each critical one."
    for warning, critical in both:
        if period_of(warning) != period_of(critical):
            continue
        fewer = str(warning["ComparisonOperator"]).startswith("LessThan")
        worse = critical["Threshold"] < warning["Threshold"] if fewer else critical["Threshold"] > warning["Threshold"]
        limit = limit_of(warning)
        proportion = limit.critical_by_warning if limit else None
        near = proportion is None or 0.99 < critical["Threshold"] / warning["Threshold"] / proportion < 1.01
        yield critical, near, f"Its limit, {critical['Threshold']}, is not {proportion} times that of the warning, {warning['Threshold']}."
        yield critical, worse, f"Its limit, {critical['Threshold']}, is not beyond that of the warning, {warning['Threshold']}."


@rule
def test_alarms_ring_at_reviewed_limits(platform: Assembly) -> Verdicts:
    for alarm in platform.some(ALARM):
        problem = problem_with_limit(alarm)
        yield alarm, problem is None, f"Review its limit in alarm_limits.py: {problem}."
        periods = {source["MetricStat"]["Period"] for source in read(alarm) if "MetricStat" in source}
        yield alarm, len(periods) < 2, f"Read its metrics over one period, not {sorted(periods)}."


@rule
def test_alarms_do_not_use_heartbeat_topic(platform: Assembly) -> Verdicts:
    """Only the alarm on missing heartbeats reads the heartbeat topic."""
    for alarm in platform.some(ALARM, COMPOSITE):
        topics = {topic for path in ("AlarmActions", "OKActions") for topic in alarm.targets(path)}
        yield alarm, not any("Heartbeat" in topic.name for topic in topics), "Notify the topic of the operators."


@rule
def test_alarms_on_errors_fire_in_outages(platform: Assembly) -> Verdicts:
    """Errors alone, as from a load balancer without targets, and errors with requests."""
    for alarm in platform.some(ALARM):
        names = {source["Id"]: source["MetricStat"]["Metric"]["MetricName"] for source in read(alarm) if "MetricStat" in source}
        errors = {id_ for id_, name in names.items() if "5XX" in name or "ErrorCount" in name}
        if not errors:
            continue
        (formula,) = (source["Expression"] for source in read(alarm) if "Expression" in source)
        for only_errors in ({id_: 50} for id_ in sorted(errors)):
            value = value_of(formula, only_errors)
            yield alarm, value == 100, f"With 50 errors and no counted request the formula is {value}%, not 100. Correct it."
        requests = dict.fromkeys(names.keys() - errors, 100)
        value = value_of(formula, {**requests, **dict.fromkeys(errors, 50)})
        yield (
            alarm,
            value is not None and value > alarm["Threshold"],
            f"With errors in half of all requests the formula is {value}. Correct it.",
        )
        yield alarm, value_of(formula, requests) == 0, "Without errors the formula is not 0. Correct it."


@rule
def test_formulas_have_values_in_gaps(platform: Assembly) -> Verdicts:
    """A gap in one metric must not silence a formula, unless missing data breaches or no event was
    counted.
    """
    for alarm in platform.some(ALARM):
        ids = [source["Id"] for source in read(alarm) if "MetricStat" in source]
        for formula in (source["Expression"] for source in read(alarm) if "Expression" in source):
            for gap in ids:
                value = value_of(formula, dict.fromkeys(set(ids) - {gap}, 50.0))
                loud = value is not None or alarm["TreatMissingData"] == "breaching"
                yield alarm, loud, f"Without a value of {gap}, {formula} has no value. Use FILL."
