"""Rights of the templates, compared with docs/grants."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tools.checkout import settings_of
from tools.documents.grants import (
    ENVIRONMENTS,
    EVERY,
    FOLDER,
    every_option,
    granted,
    text_of_grants,
)
from tools.model.assembly import Assembly
from tools.model.granted import grants_of
from tools.model.templates import Template

ACCEPT = "Read the difference. Where it is meant: make flows"


# `make fuzz` selects tests by the name of the environment, and has an environment without a file.
@pytest.mark.parametrize("name", ENVIRONMENTS, ids=lambda name: f"{name}.txt")
def test_grants_are_those_reviewed(
    templates: Callable[[str], dict[str, Template]], name: str
) -> None:
    found = grants_of(Assembly(name=name, settings=settings_of(name), templates=templates(name)))
    actual = text_of_grants(found).splitlines()
    assert actual == (FOLDER / f"{name}.txt").read_text().splitlines(), ACCEPT


def test_grants_of_every_option_are_those_reviewed(with_every_option: Path) -> None:
    found = granted(every_option(), with_every_option)
    actual = text_of_grants(found).splitlines()
    assert actual == (FOLDER / f"{EVERY}.txt").read_text().splitlines(), ACCEPT
