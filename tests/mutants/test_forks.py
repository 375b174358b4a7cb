"""Forks that judge mutants."""

import time
from pathlib import Path

import aws_cdk as cdk
import pytest

from tools.mutants.forks import in_forks


def test_forks_answer_in_numbered_order_of_tasks(tmp_path: Path) -> None:
    tasks = iter([lambda number=number: number * 2 for number in range(5)])
    assert sorted(in_forks(tasks, tmp_path)) == [(0, 0), (1, 2), (2, 4), (3, 6), (4, 8)]


def test_silent_forks_are_given_up(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(RuntimeError, match=r"tasks \[0\]: no result for 0 s"):
        list(in_forks(iter([lambda: time.sleep(60)]), tmp_path, patience=0.2))
    assert time.monotonic() - began < 30


def test_forks_refuse_jsii(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="a fork can't call CDK"):
        list(in_forks(iter([lambda: cdk.Duration.minutes(1).to_human_string()]), tmp_path))
    assert cdk.Duration.minutes(1).to_human_string() == "1 minute"
