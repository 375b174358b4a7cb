"""Progress of the CLI: completed resources per stack."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, TextIO

from tools.local_aws import process
from tools.local_aws.assembly import SynthesizedStack
from tools.local_aws.workspace import RunningEmulator

_REFRESH_SECONDS = 1.0


class Steps:
    """Numbered lines with the duration of each step.

    Args:
        output: output stream.
        clock: monotonic clock in seconds.
    """

    def __init__(
        self, *, output: TextIO = sys.stdout, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._output = output
        self._clock = clock
        self._start = self._said = clock()

    def say(self, text: str) -> None:
        """Print a line with the seconds since the start."""
        self._said = self._clock()
        self._output.write(f"{self._said - self._start:6.1f} s  {text}\n")
        self._output.flush()

    @contextmanager
    def heartbeat(self, silence: float = 3.0) -> Iterator[None]:
        """Print a line if the block prints none for a while.

        Args:
            silence: seconds without a line.
        """
        ended = Event()

        def beat() -> None:
            while not ended.wait(silence / 4):
                if self._clock() - self._said >= silence:
                    self.say("…")

        beating = Thread(target=beat, daemon=True)
        beating.start()
        try:
            yield
        finally:
            ended.set()
            beating.join()


class StackProgress:
    """Progress of stacks, with a line when one advances.

    Args:
        stacks: the stacks of the operation.
        emulator: the emulator.
        steps: output of lines.
    """

    def __init__(
        self, stacks: list[SynthesizedStack], *, emulator: RunningEmulator, steps: Steps
    ) -> None:
        self._stacks = stacks
        self._emulator = emulator
        self._steps = steps
        self._last = 0.0
        self._seen = self._lines()

    def show(self) -> None:
        """Print changes since the last call, at most once per second."""
        if time.monotonic() - self._last >= _REFRESH_SECONDS:
            self._last = time.monotonic()
            self.show_now()

    def show_now(self) -> None:
        """Print changes since the last call."""
        lines = self._lines()
        for stack in self._stacks:
            if lines[stack.id] != self._seen[stack.id]:
                self._steps.say(lines[stack.id])
        self._seen = lines

    def _lines(self) -> dict[str, str]:
        states = {
            (state["region"], state["name"]): state
            for state in process.stack_states(self._emulator)
        }
        return {
            stack.id: _line(stack, states.get((stack.region, stack.name), {}))
            for stack in self._stacks
        }


def _line(stack: SynthesizedStack, state: dict[str, Any]) -> str:
    status = state.get("status", "DELETE_COMPLETE")
    return f"  {stack.id:<22} {state.get('finished', 0):>3}/{len(stack.resources):<3} {status}"
