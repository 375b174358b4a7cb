"""Mutated environment files: valid settings or one clear error, without a traceback or a hang."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from ruamel.yaml import YAML

from tools.fuzz.mutations import documents, texts, written
from tools.fuzz.verdict import verdict

EXAMPLES = int(os.environ.get("SPOTMUSIC_FUZZ_EXAMPLES", "0"))
"""Examples of each test for `make fuzz`, which draws new ones each time. Otherwise a small fixed
set."""
A_HANG = 10.0
"""Maximum seconds of work on a file, a hundred times the usual. They exclude the work of other
processes."""


def drawn(few: int) -> settings:
    return settings(
        max_examples=EXAMPLES or few,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz") / "environments"
    folder.mkdir()
    return folder


@drawn(90)
@given(example=documents())
def test_mutated_document_is_valid_or_explained(folder: Path, example: tuple[str, Any]) -> None:
    environment, document = example
    # Mutated texts test the parser of YAML, which takes two thirds of the time.
    with patch.object(YAML, "load", lambda _, text: json.loads(text)):
        judged(written(document), environment, folder)


@drawn(50)
@given(example=texts())
def test_mutated_text_is_valid_or_explained(folder: Path, example: tuple[str, str]) -> None:
    environment, text = example
    judged(text, environment, folder)


@contextmanager
def no_hang(seconds: float) -> Iterator[None]:
    """Interrupt a test that exceeds its time limit."""

    def cut_off(_number: int, _frame: object) -> None:
        raise AssertionError(f"a hang: more than {seconds:g} s of work")

    before = signal.signal(signal.SIGVTALRM, cut_off)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def judged(text: str, environment: str, folder: Path) -> None:
    try:
        with no_hang(A_HANG):
            verdict(text, environment=environment, folder=folder)
    finally:
        (folder / f"{environment}.yaml").unlink()
