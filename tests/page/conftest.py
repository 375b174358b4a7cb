"""Page of production, built once."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TODAY
from tools.checkout import settings_of
from tools.page.html import html
from tools.page.model import Page, page_of

DOCS = "../docs"


@pytest.fixture(scope="session")
def page(synthesized: Callable[[str], Path]) -> Page:
    """Content of the page of production."""
    return page_of(
        settings_of("prod"), synthesized("prod"), today=TODAY, commit="abc1234", docs=DOCS
    )


@pytest.fixture(scope="session")
def text(page: Page) -> str:
    """HTML of the page of production."""
    return html(page)


@pytest.fixture(scope="session")
def data(text: str) -> dict[str, Any]:
    """JSON that the page embeds."""
    found: dict[str, Any] = json.loads(
        re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[0]
    )
    return found
