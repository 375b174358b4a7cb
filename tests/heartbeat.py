"""Lines of pytest while a test takes long: its name and its seconds."""

import time
from threading import Event, Thread
from typing import Any

import pytest

SILENT_SECONDS = 4.0
"""Seconds without a result before a line, and between lines."""


class Heartbeat:
    """Plugin that prints a line when no test has ended for a while.

    Args:
        reporter: pytest's terminal reporter.
        silent_seconds: time without a result.
    """

    def __init__(self, reporter: Any, silent_seconds: float = SILENT_SECONDS) -> None:
        self._reporter, self._silent_seconds = reporter, silent_seconds
        self._subject, self._ended = "collection", Event()
        self._began = self._spoke = time.monotonic()
        Thread(target=self._beat, daemon=True).start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Notes the running test."""
        self._subject, self._began = nodeid, time.monotonic()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notes that pytest has printed a result."""
        if report.when == "call" or not report.passed:
            self._spoke = time.monotonic()

    def pytest_sessionfinish(self) -> None:
        """Notes that all tests have ended."""
        self._subject, self._began = "end of the session", time.monotonic()

    def pytest_unconfigure(self) -> None:
        """Ends the lines."""
        self._ended.set()

    def _beat(self) -> None:
        while not self._ended.wait(self._silent_seconds / 8):
            now = time.monotonic()
            if now - self._spoke >= self._silent_seconds:
                self._reporter.ensure_newline()
                self._reporter.write_line(f"  … {now - self._began:.0f} s  {self._subject}")
                self._spoke = now


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Registers the plugin where results are printed: not in workers of pytest-xdist."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Heartbeat(reporter), "spotmusic-heartbeat")
