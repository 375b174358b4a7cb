"""Progress lines of pytest during a long test: its name and its seconds."""

import os
import time
from threading import Event, Thread
from typing import TextIO

import pytest

SILENT_SECONDS = 4.0
"""Seconds without a result before a line, and between lines."""


class Heartbeat:
    """Plugin that prints a line when no test has ended for a while.

    Args:
        output: stream that pytest does not capture.
    """

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._subject, self._ended = "collection", Event()
        self._began = self._spoke = time.monotonic()

    def pytest_sessionstart(self) -> None:
        """Begin the lines."""
        Thread(target=self._beat, daemon=True).start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note the running test."""
        self._subject, self._began = nodeid, time.monotonic()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note that pytest has printed a result."""
        if report.when == "call" or not report.passed:
            self._spoke = time.monotonic()

    def pytest_sessionfinish(self) -> None:
        """Note that all tests have ended."""
        self._subject, self._began = "end of the session", time.monotonic()

    def pytest_unconfigure(self) -> None:
        """End the lines."""
        self._ended.set()

    def _beat(self) -> None:
        while not self._ended.wait(SILENT_SECONDS / 8):
            now = time.monotonic()
            if now - self._spoke >= SILENT_SECONDS:
                self._output.write(f"\n  … {now - self._began:.0f} s  {self._subject}\n")
                self._output.flush()
                self._spoke = now


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin before pytest redirects the descriptor.

    Workers of pytest-xdist print nothing. Programs with a separate plugin fork: no thread may run
    in them.
    """
    if not hasattr(config, "workerinput") and not config.invocation_params.plugins:
        config.pluginmanager.register(Heartbeat(os.fdopen(os.dup(2), "w")))
