"""Every metric that an alarm reads is published with these dimensions."""

import pytest

from tests.model.assembly import Assembly
from tests.model.values import Json
from tests.properties.alarms import ALARM, metrics_of
from tests.properties.promise import Verdicts, rule
from tests.properties.published_metrics import problem_with


def filtered(platform: Assembly) -> set[tuple[str, str]]:
    """Namespace and name of metrics from metric filters, which have no dimensions."""
    filters = platform.some("AWS::Logs::MetricFilter")
    return {(made["MetricNamespace"], made["MetricName"]) for of in filters for made in of["MetricTransformations"]}


@rule
def test_alarms_read_published_metrics(platform: Assembly) -> Verdicts:
    ours = filtered(platform)
    for alarm in platform.some(ALARM):
        for metric in metrics_of(alarm):
            if (metric["Namespace"], metric["MetricName"]) in ours:
                plain = not metric.get("Dimensions") and metric["Statistic"] == "Sum"
                yield alarm, plain, "What a metric filter counts has no dimension, and is summed up."
            else:
                problem = problem_with(metric)
                yield alarm, problem is None, problem or ""


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({}, None),
        ({"Dimensions": [{"Name": "LoadBalancerName", "Value": "app/gateway/1"}]}, "has no data by LoadBalancerName"),
        ({"Dimensions": []}, "has no data by no dimension"),
        ({"MetricName": "RequestsCount"}, "is not in tests/properties"),
        ({"Namespace": "AWS/ELB"}, "is not in tests/properties"),
        ({"Statistic": "Average"}, "means something else"),
    ],
)
def test_published_metrics_refuse_unknown_ones(changed: Json, problem: str | None) -> None:
    metric = {
        "Namespace": "AWS/ApplicationELB",
        "MetricName": "RequestCount",
        "Dimensions": [{"Name": "LoadBalancer", "Value": "app/gateway/1"}],
        "Statistic": "Sum",
    }
    found = problem_with({**metric, **changed})
    assert (found is None) if problem is None else (problem in (found or ""))
