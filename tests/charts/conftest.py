"""Environments for the tests of charts."""

from collections.abc import Callable

import pytest

from tools.model.cluster import RenderedCluster

ENVIRONMENTS = ("dev", "staging", "prod")


@pytest.fixture(scope="session", params=ENVIRONMENTS)
def environment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def known(environment: str, deployed: Callable[[str], RenderedCluster]) -> RenderedCluster:
    """Each environment with the expected objects of upstream charts."""
    return deployed(environment)


@pytest.fixture(scope="session", params=["own charts", "every chart"])
def platform(
    request: pytest.FixtureRequest,
    environment: str,
    known: RenderedCluster,
    rendered: Callable[[str], RenderedCluster],
) -> RenderedCluster:
    """Each environment twice: with expected upstream objects, and rendered from archives."""
    return rendered(environment) if request.param == "every chart" else known


@pytest.fixture(scope="session")
def whole(environment: str, rendered: Callable[[str], RenderedCluster]) -> RenderedCluster:
    """Each environment with every chart rendered; skipped without archives."""
    return rendered(environment)
