"""Evaluator of CloudWatch metric math, mainly with missing data."""

import pytest

from tests.metric_math import value_of


@pytest.mark.parametrize(
    ("expression", "values", "value"),
    [
        ("FILL(a, 0)", {}, 0),
        ("FILL(a, 0)", {"a": 7}, 7),
        ("a + b", {"a": 1}, None),
        ("a / b", {"a": 1, "b": 0}, None),
        ("a > 1", {}, None),
        ("IF(a > 1, 5, b)", {"a": 2}, None),
        ("IF(a > 1, 5, 6)", {"a": 1}, 6),
        ("100 - FILL(a, 100)", {"a": 40}, 60),
        ("-a * 2 - 1", {"a": 1}, -3),
        ("IF(requests > 0, 100 * FILL(own, 0) / requests, 0)", {"own": 50}, None),
    ],
)
def test_metric_math_follows_gaps(
    expression: str, values: dict[str, float], value: float | None
) -> None:
    assert value_of(expression, values) == value


@pytest.mark.parametrize(
    ("before", "now", "changed"),
    [({"a": 1}, {"a": 1}, 0), ({"a": 1}, {"a": 0}, 1), ({"a": 1}, {}, 0), ({}, {"a": 1}, 0)],
)
def test_metric_math_compares_periods(
    before: dict[str, float], now: dict[str, float], changed: float
) -> None:
    assert value_of("FILL(ABS(DIFF(a)), 0)", now, before) == changed


@pytest.mark.parametrize("expression", ["RATE(a)", "a ** 2", "MAX([a, b])"])
def test_metric_math_rejects_unknown_functions(expression: str) -> None:
    with pytest.raises(ValueError, match="Add it to"):
        value_of(expression, {"a": 1, "b": 2})
