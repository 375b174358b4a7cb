"""Progress of the CLI: completed resources per stack."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import TextIO

from tools.local_aws import cloudformation
from tools.local_aws.assembly import SynthesizedStack

_REFRESH_SECONDS = 1.0


class Steps:
    """Numbered lines with the duration of each step.

    Args:
        output: output stream.
        clock: monotonic clock in seconds.
    """

    def __init__(self, *, output: TextIO = sys.stdout, clock: Callable[[], float] = time.monotonic) -> None:
        self._output = output
        self._clock = clock
        self._start = self._said = clock()

    def say(self, text: str) -> None:
        """Prints a line with the seconds since the start."""
        self._said = self._clock()
        self._output.write(f"{self._said - self._start:6.1f} s  {text}\n")
        self._output.flush()

    @contextmanager
    def heartbeat(self, silence: float = 3.0) -> Iterator[None]:
        """Prints a line whenever the block printed none for a while.

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
    """Prints a line when a stack advances.

    Args:
        stacks: the stacks of the operation.
        endpoint: loopback URL of the emulator.
        steps: output of lines.
        clock: monotonic clock in seconds.
    """

    def __init__(self, stacks: list[SynthesizedStack], *, endpoint: str, steps: Steps, clock: Callable[[], float] = time.monotonic) -> None:
        self._stacks = stacks
        self._endpoint = endpoint
        self._steps = steps
        self._clock = clock
        self._last = 0.0
        self._seen = {stack.id: self._line(stack) for stack in stacks}

    def show(self) -> None:
        """Prints changes since the last call, at most once a second: each poll costs the emulator
        time.
        """
        if self._clock() - self._last >= _REFRESH_SECONDS:
            self._last = self._clock()
            self.show_now()

    def show_now(self) -> None:
        """Prints changes since the last call."""
        for stack in self._stacks:
            line = self._line(stack)
            if line != self._seen[stack.id]:
                self._steps.say(line)
                self._seen[stack.id] = line

    def _line(self, stack: SynthesizedStack) -> str:
        status = cloudformation.status(self._endpoint, stack)
        done = cloudformation.finished_resources(self._endpoint, stack) if status else 0
        return f"  {stack.id:<22} {done:>3}/{len(stack.resources):<3} {status or 'DELETE_COMPLETE'}"
