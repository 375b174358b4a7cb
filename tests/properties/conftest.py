"""The environments that properties are asserted on, read once per session from what is synthesized already."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.charts.platform import Platform as Deployed
from tests.conftest import Template, settings_of
from tests.properties.resources import Platform
from tests.properties.variants import VALKEY, data_templates, with_valkey

ENVIRONMENTS = ("dev", "staging", "prod")


@pytest.fixture(scope="session")
def platforms(templates: Callable[[str], dict[str, Template]], synthesized: Callable[[str], Path]) -> Callable[[str], Platform]:
    """Gives an environment, or production with the other cache engine, by name."""

    @cache
    def platform(name: str) -> Platform:
        if name == VALKEY:
            settings = with_valkey(settings_of("prod"))
            return Platform(name=name, settings=settings, templates=data_templates(settings))
        report = synthesized(name).parent / "validation-report.json"
        return Platform(name=name, settings=settings_of(name), templates=templates(name), acknowledged=_acknowledged(report))

    return platform


@pytest.fixture(params=ENVIRONMENTS)
def platform(request: pytest.FixtureRequest, platforms: Callable[[str], Platform]) -> Platform:
    """One environment after the other."""
    return platforms(request.param)


@pytest.fixture
def cluster(platform: Platform, deployed: Callable[[str], Deployed]) -> Deployed:
    """What the environment deploys to its cluster: manifests of our own charts, and pods that those of repositories make of our values."""
    return deployed(platform.name)


def _acknowledged(report: Path) -> tuple[tuple[str, str, str], ...]:
    found = json.loads(report.read_text())["pluginReports"]
    return tuple(
        (place["constructPath"], suppressed["acknowledgedId"], suppressed["reason"])
        for plugin in found
        for suppressed in plugin.get("suppressedViolations", [])
        for place in suppressed["violatingConstructs"]
    )
