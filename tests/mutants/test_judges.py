"""Forks that judge mutants: none waits for ever."""

import time

import aws_cdk as cdk
import pytest

from tests.mutants.judges import Answer, in_processes


def test_judges_give_up_on_silent_forks() -> None:
    def silent() -> Answer:
        time.sleep(60)
        return Answer()

    began = time.monotonic()
    with pytest.raises(RuntimeError, match=r"tasks \[0\]: no answer for 0 s"):
        list(in_processes(iter([silent]), patience=0.2))
    assert time.monotonic() - began < 30


def test_judges_refuse_jsii_in_forks() -> None:
    def asks() -> Answer:
        return Answer(failed=[cdk.Duration.minutes(1).to_human_string()])

    with pytest.raises(RuntimeError, match="a fork can not call CDK"):
        list(in_processes(iter([asks])))
    assert cdk.Duration.minutes(1).to_human_string() == "1 minute"
