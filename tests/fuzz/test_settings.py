"""Thousands of mutated environment files end in settings that can be built, or in one clear error: never in a traceback or a hang."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz.mutations import documents, texts, written
from tests.fuzz.verdict import verdict

EXAMPLES = int(os.environ.get("SPOTMUSIC_FUZZ_EXAMPLES", "0"))
"""Examples of each test for `make fuzz`, which draws new ones each time; without it a few that are always the same."""
A_HANG = timedelta(seconds=10)
"""A file takes 10 ms; a machine with other work may take long for one of them, and that is no defect."""


def drawn(few: int) -> settings:
    return settings(
        max_examples=EXAMPLES or few,
        derandomize=not EXAMPLES,
        database=None,
        deadline=A_HANG,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz") / "environments"
    folder.mkdir()
    return folder


@drawn(90)
@given(example=documents())
def test_a_mutated_document_is_valid_or_one_clear_error(folder: Path, example: tuple[str, Any]) -> None:
    environment, document = example
    judged(written(document), environment, folder)


@drawn(50)
@given(example=texts())
def test_a_mutated_text_is_valid_or_one_clear_error(folder: Path, example: tuple[str, str]) -> None:
    environment, text = example
    judged(text, environment, folder)


def judged(text: str, environment: str, folder: Path) -> None:
    try:
        verdict(text, environment=environment, folder=folder)
    finally:
        (folder / f"{environment}.yaml").unlink()
