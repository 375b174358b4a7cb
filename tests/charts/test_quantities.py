"""Quantities are read as Kubernetes reads them, and what a pod asks for is what the scheduler counts."""

import pytest

from tests.charts.quantities import number, requested

GIB = 2**30


@pytest.mark.parametrize(("text", "expected"), [("50m", 0.05), ("4", 4), (2, 2), ("1.5Gi", 1.5 * GIB), ("1k", 1000)])
def test_a_quantity_is_a_number(text: str | int, expected: float) -> None:
    assert number(text) == expected


def asking(memory: str) -> dict[str, object]:
    return {"resources": {"requests": {"memory": memory}}}


def test_containers_are_counted_together_and_what_starts_them_only_where_it_asks_for_more() -> None:
    both = {"containers": [asking("1Gi"), asking("1Gi")]}
    assert requested({**both, "initContainers": [asking("1Gi")]}, "memory") == 2 * GIB
    assert requested({**both, "initContainers": [asking("3Gi")]}, "memory") == 3 * GIB


def test_a_container_that_says_nothing_asks_for_the_default() -> None:
    assert requested({"containers": [{}]}, "cpu", "50m") == 0.05
