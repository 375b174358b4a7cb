"""Alarms can fire: in time, in the right direction, and after the required number of datapoints."""

import re
from collections import defaultdict

from tests.metric_math import value_of
from tests.properties.alarms import ALARM, COMPOSITE, metrics_of, severity_of
from tests.properties.promise import Verdicts, rule
from tests.properties.watched import COPIES, problem_with, rows_of
from tools.gameday.figures import connections_of
from tools.model.assembly import Assembly, Resource
from tools.model.values import Json

FEWER_IS_WORSE = {
    "HealthyHostCount",
    "FreeStorageSpace",
    "FreeableMemory",
    "DaysToExpiry",
    "apiserver_request_total",
    "NumberOfMessagesPublished",
    "Requests",
    *COPIES,
}
OUTAGES = {
    ("DesiredTaskCount", "RunningTaskCount"): ([2, 0], [2, 2]),
    ("TargetResponseTime",): ([0], [100]),
    ("RequestCount", "TargetResponseTime"): ([100, 0], [1, 0]),
    ("4xxErrorRate", "Requests"): ([100, 100], [100, 1]),
}
"""Values of metrics, in the order of their names, for which a formula fires, and for which it does
not."""


def names_of(alarm: Resource) -> set[str]:
    return {str(metric["MetricName"]) for metric in metrics_of(alarm)}


def read(alarm: Resource) -> list[Json]:
    return alarm["Metrics"] or []


@rule
def test_alarm_operator_matches_metric_direction(platform: Assembly) -> Verdicts:
    for alarm in platform.some(ALARM):
        fewer = bool(names_of(alarm) & FEWER_IS_WORSE) and not read(alarm)
        compared = str(alarm["ComparisonOperator"] or "")
        yield (
            alarm,
            compared.startswith("LessThan" if fewer else "GreaterThan"),
            f"Invert the comparison {compared}.",
        )
        one = fewer and alarm["Threshold"] == 1
        yield (
            alarm,
            not one or compared == "LessThanThreshold",
            "One is enough, and would fire it: say LessThanThreshold.",
        )


@rule
def test_alarms_on_too_few_ring_without_data(platform: Assembly) -> Verdicts:
    """A minimum count has no data if no resources remain."""
    for alarm in platform.some(ALARM):
        if names_of(alarm) & FEWER_IS_WORSE and alarm["Threshold"] == 1:
            yield alarm, alarm["TreatMissingData"] == "breaching", "Set missing_data to breaching."


@rule
def test_counts_of_copies_have_zeros(platform: Assembly) -> Verdicts:
    """Without data of a day, CloudWatch evaluates older days."""
    for counter in platform.some("AWS::Logs::MetricFilter"):
        for made in counter["MetricTransformations"]:
            if made["MetricName"] in COPIES:
                yield counter, made.get("DefaultValue") == 0, "Set its default to 0."


@rule
def test_metric_math_returns_one_value(platform: Assembly) -> Verdicts:
    read_by_policy = (
        "TargetTrackingScalingPolicyConfiguration.CustomizedMetricSpecification.Metrics"
    )
    found = [(alarm, read(alarm)) for alarm in platform.some(ALARM)]
    found += [
        (policy, policy[read_by_policy])
        for policy in platform.all("AWS::ApplicationAutoScaling::ScalingPolicy")
    ]
    for resource, sources in found:
        if not sources:
            said = resource.type != ALARM or all(
                resource[path] for path in ("Namespace", "MetricName", "Period")
            )
            said = said and (
                resource.type != ALARM
                or bool(resource["Statistic"] or resource["ExtendedStatistic"])
            )
            yield resource, said, "Set metric, statistic and period."
            continue
        # CloudWatch rejects an alarm with two; the default of ReturnData is true.
        returned = [source for source in sources if source.get("ReturnData", True)]
        one = (
            len(returned) == 1
            and "Expression" in returned[0]
            and all("ReturnData" in source for source in sources)
        )
        yield resource, one, "Return the result of the formula, and no other value."
        known = {source["Id"] for source in sources}
        named = set(
            re.findall(
                r"\b[a-z]\w*\b", " ".join(str(source.get("Expression", "")) for source in sources)
            )
        )
        yield (
            resource,
            named <= known,
            f"Its formula reads {sorted(named - known)}, which it does not define.",
        )
        for source in (source for source in sources if "Expression" not in source):
            stat = source.get("MetricStat", {})
            whole = resource.type != ALARM or {"Period", "Stat"} <= stat.keys()
            whole = whole and all(
                stat.get("Metric", {}).get(name) for name in ("Namespace", "MetricName")
            )
            yield resource, whole, f"Set the metric of {source.get('Id')}."


@rule
def test_critical_limits_keep_their_proportion(platform: Assembly) -> Verdicts:
    """Limits that follow from a size; the table has the others."""
    pairs: dict[tuple[str, ...], dict[str | None, Resource]] = defaultdict(dict)
    for alarm in platform.some(ALARM):
        # Names of a pair differ only in the severity.
        pairs[alarm.stack, re.sub(r"(Warning|Critical)", "", alarm.name)][severity_of(alarm)] = (
            alarm
        )
    for of in pairs.values():
        warning, critical = of.get("warning"), of.get("critical")
        proportion = next(
            (row.critical_by_warning for row in rows_of(next(iter(of.values())))), None
        )
        if proportion:
            near = (
                warning
                and critical
                and 0.99 < critical["Threshold"] / warning["Threshold"] / proportion < 1.01
            )
            yield (
                next(iter(of.values())),
                bool(near),
                f"Ring as critical at {proportion} times the limit of the warning.",
            )


@rule
def test_connection_alarms_ring_below_the_limit(platform: Assembly) -> Verdicts:
    """At the limit, a database already rejects clients."""
    for alarm in platform.some(ALARM):
        if names_of(alarm) == {"DatabaseConnections"}:
            (database,) = alarm.mentions("Dimensions")
            limit = connections_of(str(database["DBInstanceClass"]))
            yield (
                alarm,
                alarm["Threshold"] < limit,
                f"{database.name} refuses clients from {limit}. Ring earlier.",
            )


@rule
def test_alarms_ring_at_reviewed_limits(platform: Assembly) -> Verdicts:
    for alarm in platform.some(ALARM):
        problem = problem_with(alarm)
        yield alarm, problem is None, f"Review it in tests/properties/watched.yaml: {problem}."
        periods = {
            source["MetricStat"]["Period"] for source in read(alarm) if "MetricStat" in source
        }
        yield alarm, len(periods) < 2, f"Read its metrics over one period, not {sorted(periods)}."


@rule
def test_alarms_do_not_use_heartbeat_topic(platform: Assembly) -> Verdicts:
    """Only the alarm on missing heartbeats reads the heartbeat topic."""
    for alarm in platform.some(ALARM, COMPOSITE):
        topics = {topic for path in ("AlarmActions", "OKActions") for topic in alarm.targets(path)}
        yield (
            alarm,
            not any("Heartbeat" in topic.name for topic in topics),
            "Notify the topic of the operators.",
        )


@rule
def test_alarms_on_errors_fire_in_outages(platform: Assembly) -> Verdicts:
    """Errors alone, as from a load balancer without targets, and errors with requests."""
    for alarm in platform.some(ALARM):
        names = {
            source["Id"]: source["MetricStat"]["Metric"]["MetricName"]
            for source in read(alarm)
            if "MetricStat" in source
        }
        errors = {id_ for id_, name in names.items() if "5XX" in name or "ErrorCount" in name}
        if not errors:
            continue
        (formula,) = (source["Expression"] for source in read(alarm) if "Expression" in source)
        for only_errors in ({id_: 50} for id_ in sorted(errors)):
            value = value_of(formula, only_errors)
            yield (
                alarm,
                value == 100,
                (
                    f"With 50 errors and no counted request the formula is {value}%, not 100. "
                    "Correct it."
                ),
            )
        requests = dict.fromkeys(names.keys() - errors, 100)
        value = value_of(formula, {**requests, **dict.fromkeys(errors, 50)})
        holds = value is not None and value > alarm["Threshold"]
        yield (
            alarm,
            holds,
            f"With errors in half of all requests the formula is {value}. Correct it.",
        )
        yield (
            alarm,
            value_of(formula, requests) == 0,
            "Without errors the formula is not 0. Correct it.",
        )


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


@rule
def test_formulas_ring_in_outages(platform: Assembly) -> Verdicts:
    """An inverted formula is silent in an outage and fires without one."""
    for alarm in platform.some(ALARM):
        ids = {
            source["MetricStat"]["Metric"].get("MetricName"): source["Id"]
            for source in alarm["Metrics"] or []
            if "MetricStat" in source
        }
        for values, rings in zip(
            OUTAGES.get(tuple(sorted(ids, key=str)), ()), (True, False), strict=False
        ):
            (formula,) = (
                source["Expression"] for source in alarm["Metrics"] if "Expression" in source
            )
            value = value_of(
                formula,
                {ids[name]: number for name, number in zip(sorted(ids), values, strict=True)},
            )
            yield (
                alarm,
                (value is not None and value >= alarm["Threshold"]) is rings,
                f"With {values} it is {value}.",
            )


@rule
def test_alarms_are_distinct(platform: Assembly) -> Verdicts:
    """Two alarms on the same value leave another value unwatched."""
    found: dict[object, list[str]] = defaultdict(list)
    for alarm in platform.some(ALARM):
        read = str(
            [
                (
                    metric["MetricName"],
                    metric["Statistic"],
                    metric.get("Dimensions"),
                    metric["Namespace"],
                )
                for metric in metrics_of(alarm)
            ]
        )
        found[
            alarm.stack,
            read,
            severity_of(alarm),
            alarm["Threshold"],
            alarm["Period"],
            str(alarm["Metrics"]),
        ].append(alarm.name)
    for names in found.values():
        yield names[0], len(names) == 1, f"{names} are identical. Remove or correct one."
