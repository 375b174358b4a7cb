"""Kubernetes quantities and requests of pods."""

import pytest

from tests.charts.quantities import number, requested

GIB = 2**30


@pytest.mark.parametrize(("text", "expected"), [("50m", 0.05), ("4", 4), (2, 2), ("1.5Gi", 1.5 * GIB), ("1k", 1000)])
def test_quantity_is_parsed(text: str | int, expected: float) -> None:
    assert number(text) == expected


def asking(memory: str) -> dict[str, object]:
    return {"resources": {"requests": {"memory": memory}}}


def test_pod_requests_include_larger_init_containers() -> None:
    both = {"containers": [asking("1Gi"), asking("1Gi")]}
    assert requested({**both, "initContainers": [asking("1Gi")]}, "memory") == 2 * GIB
    assert requested({**both, "initContainers": [asking("3Gi")]}, "memory") == 3 * GIB


def test_container_without_requests_uses_default() -> None:
    assert requested({"containers": [{}]}, "cpu", "50m") == 0.05
