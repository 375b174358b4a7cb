"""Environments with a game day, read once per session from synthesized assemblies."""

from collections.abc import Callable
from functools import cache

import pytest

from tests.conftest import Template, settings_of
from tests.model.assembly import Assembly
from tests.model.cluster import RenderedCluster
from tools.gameday.scenario import Scenario


@pytest.fixture(scope="session")
def scenario(templates: Callable[[str], dict[str, Template]], deployed: Callable[[str], RenderedCluster]) -> Callable[[str], Scenario]:
    """Returns an environment by name."""

    @cache
    def give(environment: str) -> Scenario:
        platform = Assembly(name=environment, settings=settings_of(environment), templates=templates(environment))
        return Scenario(platform=platform, cluster=deployed(environment))

    return give
