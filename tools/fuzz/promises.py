"""Promises of production for a generated environment, verified by the unchanged tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest

from spotmusic_cdk.settings import Settings
from tools import checkout

FOLDERS = ("properties", "contracts", "charts", "policies/test_nag.py")
"""Test modules that read a synthesized environment. Corners check schemas and limits themselves."""
ELSEWHERE = ("every chart", "valkey")
"""Parts of ids of excluded tests.

They need charts of repositories, which may be unavailable, or a variant of the environment.
"""
FEWEST = 200
"""Minimum number of tests; a smaller number indicates renamed tests."""


class Judges:
    """Plugin that selects the tests of one environment and collects their failures.

    Args:
        environment: name of the environment.
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
        return (
            called is not None
            and self._environment in called.id.split("-")
            and not any(part in called.id for part in ELSEWHERE)
        )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.found += [
                f"{report.nodeid.rpartition('::')[2]}: {line}"
                for line in report.longreprtext.splitlines()
                if line.strip()
            ][-12:]


def broken(settings: Settings, assembly: Path) -> list[str]:
    """Run the tests of an environment with the given settings, and return their failures.

    Args:
        settings: the environment.
        assembly: folder with its synthesized assembly and the policy packs' report.
    """
    judges = Judges(settings.name)
    tests = [str(checkout.ROOT / "tests" / folder) for folder in FOLDERS]
    with _in_the_place_of_its_file(settings, assembly):
        ended = pytest.main(
            [*tests, "-qq", "--no-header", "--no-summary", "--tb=short", "-p", "no:cacheprovider"],
            plugins=[judges],
        )
    if ended not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        judges.found.append(f"pytest ended with {ended}")
    if judges.asked < FEWEST:
        judges.found.append(f"only {judges.asked} tests ran, at least {FEWEST} expected")
    return judges.found


@contextmanager
def _in_the_place_of_its_file(settings: Settings, assembly: Path) -> Iterator[None]:
    """Replace the environment's fixtures by the given settings and assembly."""

    def handed_over(asked: Settings, *, outdir: Path, **_options: object) -> None:
        assert asked is settings, f"{asked.name} is not available here"
        outdir.symlink_to(assembly)

    with checkout.loading(settings), patch.object(checkout, "synthesize", handed_over):
        yield
