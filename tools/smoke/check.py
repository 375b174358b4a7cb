"""Checks, their results, and the table."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from enum import StrEnum
from http.client import HTTPException
from typing import Generic, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from tools.preflight.finding import error_code, short

Subject = TypeVar("Subject")
_PAUSE_SECONDS = 5.0
_LONGEST_DETAIL = 200


class FailedError(Exception):
    """Failed check. The message has the observation."""


class SkippedError(Exception):
    """Check that cannot run. The message has the reason."""


class State(StrEnum):
    """State of a check."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Check(Generic[Subject]):
    """Check of one property of the platform.

    Args:
        name: subject.
        ask: returns the observation, or raises FailedError or SkippedError.
        runbook: document for a failure.
        needs: check that must succeed first; otherwise this one is skipped.
        again: whether a failed check may be repeated. Wrong passwords lock an account.
    """

    name: str
    ask: Callable[[Subject], str]
    runbook: str
    _: KW_ONLY
    needs: str = ""
    again: bool = True


@dataclass(frozen=True)
class Result:
    """Line of the table.

    Args:
        name: subject of the check.
        runbook: document for a failure.
        state: state of the check.
        detail: observation, or reason.
        milliseconds: duration of the last attempt.
    """

    name: str
    runbook: str
    state: State
    detail: str
    milliseconds: int = 0


def run(
    checks: Sequence[Check[Subject]], subject: Subject, *, wait_seconds: float = 0
) -> Iterator[Result]:
    """Run the checks in order.

    Args:
        checks: checks to run, each after those that it needs.
        subject: the platform.
        wait_seconds: time in which failed checks are repeated, for all checks together.
    """
    until = time.monotonic() + wait_seconds
    states: dict[str, State] = {}
    for check in checks:
        if states.get(check.needs, State.OK) == State.OK:
            result = _asked(check, subject)
        else:
            result = Result(check.name, check.runbook, State.SKIPPED, f"needs: {check.needs}")
        while result.state == State.FAILED and check.again and time.monotonic() < until:
            time.sleep(_PAUSE_SECONDS)
            result = _asked(check, subject)
        states[check.name] = result.state
        yield result


def _asked(check: Check[Subject], subject: Subject) -> Result:
    began = time.monotonic()
    try:
        state, detail = State.OK, check.ask(subject)
    except SkippedError as error:
        state, detail = State.SKIPPED, str(error)
    except ClientError as error:
        # A missing right is not a fault of the platform, and a deleted resource is.
        code = error_code(error)
        deleted = "NotFound" in code or "NoSuch" in code
        state = State.FAILED if deleted else State.SKIPPED
        detail = f"{code} from {error.operation_name}"
    except FailedError as error:
        state, detail = State.FAILED, str(error)
    except (BotoCoreError, HTTPException, OSError, ValueError) as error:
        state, detail = State.FAILED, f"{type(error).__name__}: {error}"
    milliseconds = round(1000 * (time.monotonic() - began))
    detail = short(detail, _LONGEST_DETAIL)
    return Result(check.name, check.runbook, state, detail, milliseconds)


def lines(result: Result, *, names: int) -> str:
    """Format a result, with the document below it for a failure.

    Args:
        result: the result.
        names: width of the names.
    """
    line = (
        f"{result.state:<7}  {result.name:<{names}}  {result.milliseconds:>6} ms  {result.detail}"
    )
    return (
        f"{line}\n{'':<{names + 20}}  → {result.runbook}" if result.state == State.FAILED else line
    )


def summary(results: Sequence[Result]) -> str:
    """Count the results by state."""
    return ", ".join(
        f"{sum(result.state == state for result in results)} {state}" for state in State
    )
