"""Formulas of queueing against published values and against each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.load.queueing import (
    best_capacity,
    mean_wait,
    scaled_capacity,
    waiting_longer,
    waiting_probability,
)


@pytest.mark.parametrize(
    ("servers", "load", "probability"),
    [(1, 0.5, 0.5), (2, 1.0, 1 / 3), (5, 4.0, 0.5541), (10, 8.0, 0.4092)],
)
def test_erlang_c_matches_published_values(servers: int, load: float, probability: float) -> None:
    assert waiting_probability(servers, load) == pytest.approx(probability, abs=1e-4)


def test_single_server_matches_mm1() -> None:
    assert mean_wait(1, 0.8, 2.0) == pytest.approx(0.8 / 0.2 * 2.0)


@given(servers=st.integers(1, 2000), share=st.floats(0, 0.999))
def test_additional_server_shortens_waiting(servers: int, share: float) -> None:
    load = servers * share
    before, after = (waiting_longer(number, load, 0.03, 0.1) for number in (servers, servers + 1))
    assert 0 <= after <= before <= 1


def test_overload_waits_forever() -> None:
    assert (waiting_probability(3, 3), waiting_longer(3, 4, 1, 1), mean_wait(3, 3, 1)) == (
        1,
        1,
        float("inf"),
    )


def test_contention_limits_scaling() -> None:
    assert scaled_capacity(1, 0.5, 0.1) == 1
    assert scaled_capacity(10, 0, 0) == 10
    assert scaled_capacity(1000, 0.05, 0) < 20
    assert scaled_capacity(100, 0.02, 0.01) < best_capacity(100, 0.02, 0.01)
