"""Tasks in forks of this process, one per core at a time."""

import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any, NoReturn
from unittest.mock import patch

from jsii._kernel.providers.process import _NodeProcess

PATIENCE = 1_800.0
"""Seconds without a result until a run is aborted; a surviving mutant takes some minutes."""

Task = Callable[[], Any]


def in_forks(tasks: Iterator[Task], folder: Path, *, patience: float = PATIENCE) -> Iterator[tuple[int, Any]]:
    """Yields the number and result of each task when it ends.

    Args:
        tasks: functions without arguments. None may call CDK: jsii has one Node.js process, and two
            forks would read each other's responses.
        folder: folder for results.
        patience: seconds without any result until all forks are killed.

    Raises:
        RuntimeError: if a task ends without a result, or none ends in time.
    """
    running: dict[Any, tuple[ForkProcess, int]] = {}
    numbered = enumerate(tasks)
    try:
        while True:
            while len(running) < (os.cpu_count() or 1) and (following := next(numbered, None)):
                number, task = following
                process = get_context("fork").Process(target=_answer, args=(task, folder / f"{number}.answer"))
                process.start()
                running[process.sentinel] = process, number
            if not running:
                return
            ended = wait(list(running), timeout=patience)
            if not ended:
                waiting = sorted(number for _, number in running.values())
                raise RuntimeError(f"tasks {waiting}: no result for {patience:.0f} s")
            for sentinel in ended:
                process, number = running.pop(sentinel)
                process.join()
                yield number, _read(folder / f"{number}.answer", number)
    finally:
        for process, _ in running.values():
            process.kill()
            process.join()


def _answer(task: Task, file: Path) -> None:
    patch.object(_NodeProcess, "send", _refuse_jsii).start()
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        try:
            answer = task()
        except Exception as error:
            answer = RuntimeError(f"{type(error).__name__}: {error}")
    file.write_bytes(pickle.dumps(answer))


def _read(file: Path, number: int) -> Any:
    if not file.exists():
        raise RuntimeError(f"task {number}: it ended without a result")
    answer = pickle.loads(file.read_bytes())  # noqa: S301 (written by our own fork)
    file.unlink()
    if isinstance(answer, RuntimeError):
        raise RuntimeError(f"task {number}: {answer}")
    return answer


def _refuse_jsii(*_arguments: object) -> NoReturn:
    raise RuntimeError("a fork can't call CDK. Call it when the module is loaded")
