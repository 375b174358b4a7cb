"""One reading of each environment, and one rendering of each release, for all tests of the charts."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.charts import upstream
from tests.charts.platform import Platform, read
from tests.helm_values import Json

ENVIRONMENTS = ("dev", "staging", "prod")


@pytest.fixture(scope="session")
def deployed(templates: Callable[[str], dict[str, Json]], synthesized: Callable[[str], Path]) -> Callable[[str], Platform]:
    """Gives an environment, with our own charts rendered."""

    @cache
    def give(environment: str) -> Platform:
        return read(environment, templates(environment), synthesized(environment))

    return give


@pytest.fixture(scope="session")
def rendered(deployed: Callable[[str], Platform]) -> Callable[[str], Platform]:
    """Gives an environment with every chart rendered, or skips the test where the charts of repositories are not at hand."""

    @cache
    def give(environment: str) -> Platform:
        return upstream.complete(deployed(environment))

    return give


@pytest.fixture(scope="session", params=ENVIRONMENTS)
def environment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session", params=["own charts", "every chart"])
def platform(
    request: pytest.FixtureRequest, environment: str, deployed: Callable[[str], Platform], rendered: Callable[[str], Platform]
) -> Platform:
    """Each environment twice: as far as it is known everywhere, and whole where the charts are at hand."""
    return rendered(environment) if request.param == "every chart" else deployed(environment)
