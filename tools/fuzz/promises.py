"""The promises of production, asked about an environment that is no file of ours: the tests are the real ones, and know nothing of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from spotmusic_cdk.settings import Settings, load
from tests import conftest

FOLDERS = ("properties", "contracts", "charts", "policies/test_nag.py")
"""Tests that read a synthesized environment. Schemas and limits are judged by the corner itself."""
ELSEWHERE = ("every chart", "valkey")
"""Parts of the ids of tests that look at charts of repositories, which may not be at hand, or at a variant of the environment."""
FEWEST = 200
"""Tests that have to be asked: fewer would mean that they go by other names now."""


class Judges:
    """A plugin that keeps the tests of one environment, and collects what they find.

    Args:
        environment: its name.
    """

    def __init__(self, environment: str) -> None:
        self._environment = environment
        self.asked = 0
        self.found: list[str] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if self._looks_at_it(item)]
        self.asked = len(items)

    def _looks_at_it(self, item: pytest.Item) -> bool:
        called = getattr(item, "callspec", None)
        return called is not None and self._environment in called.id.split("-") and not any(part in called.id for part in ELSEWHERE)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.found += [f"{report.nodeid.rpartition('::')[2]}: {line}" for line in report.longreprtext.splitlines() if line.strip()][
                -12:
            ]


def broken(settings: Settings, assembly: Path) -> list[str]:
    """Returns what the tests of an environment find in settings of that name.

    Args:
        settings: the environment.
        assembly: folder in which it is synthesized already, with the policy packs' report.
    """
    judges = Judges(settings.name)
    tests = [str(conftest.ROOT / "tests" / folder) for folder in FOLDERS]
    with _in_the_place_of_its_file(settings, assembly):
        ended = pytest.main([*tests, "-qq", "--no-header", "--no-summary", "--tb=short", "-p", "no:cacheprovider"], plugins=[judges])
    if ended not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        judges.found.append(f"its tests ended with {ended}")
    if judges.asked < FEWEST:
        judges.found.append(f"only {judges.asked} tests were asked, {FEWEST} at the least")
    return judges.found


@contextmanager
def _in_the_place_of_its_file(settings: Settings, assembly: Path) -> Iterator[None]:
    """Lets whoever asks for the environment have these settings, and this assembly."""

    def loaded(name: str, **where: object) -> Settings:
        return settings if name == settings.name else load(name, **where)  # type: ignore[arg-type]

    def handed_over(asked: Settings, *, outdir: Path) -> None:
        assert asked is settings, f"nobody may ask for {asked.name} here"
        outdir.rmdir()
        outdir.symlink_to(assembly)

    before = {name: vars(conftest)[name] for name in ("load", "synthesize")}
    vars(conftest).update(load=loaded, synthesize=handed_over)
    conftest.settings_of.cache_clear()
    try:
        yield
    finally:
        vars(conftest).update(before)
        conftest.settings_of.cache_clear()
