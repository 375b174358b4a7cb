"""Checks of messages through the brokers, which are reachable only from the VPC.

A service of the Web API sends the message, and another service confirms that it was processed: POST
with an `id` returns 202 and a path, `done`, which then returns 200.
"""

import time
import uuid
from collections.abc import Callable

from tools.smoke.check import Check, FailedError, SkippedError
from tools.smoke.platform import Platform

_WITHIN_SECONDS = 60.0
_POLL_SECONDS = 1.0


def arrives(variable: str, path_of: Callable[[Platform], str]) -> Callable[[Platform], str]:
    """Return a check that sends a message and waits until it is processed.

    Args:
        variable: environment variable with the path.
        path_of: returns the path.
    """

    def ask(platform: Platform) -> str:
        path, id_ = path_of(platform), str(uuid.uuid4())
        if not path:
            raise SkippedError(
                f"brokers are inside the VPC. Set {variable} to a path (docs/ci-cd.md)"
            )
        answer = platform.ask(path, body={"id": id_})
        if answer.status != 202:
            raise FailedError(f"{path}: status {answer.status} instead of 202")
        place = str(answer.fields().get("done", ""))
        if not place.startswith("/"):
            raise FailedError(f"{path}: 202 without the path `done`")
        began = time.monotonic()
        while (status := platform.ask(place).status) != 200:
            if time.monotonic() - began > _WITHIN_SECONDS:
                raise FailedError(
                    f"sent, but {place} returns {status} after {_WITHIN_SECONDS:.0f} s"
                )
            time.sleep(_POLL_SECONDS)
        return f"processed after {time.monotonic() - began:.1f} s"

    return ask


_EVENT = arrives("SMOKE_EVENT", lambda platform: platform.given.event)
_TASK = arrives("SMOKE_TASK", lambda platform: platform.given.task)
CHECKS = (
    Check("event in and out", _EVENT, "docs/runbooks/event-lag.md", needs="login"),
    Check("task in and out", _TASK, "docs/runbooks/queue.md", needs="login"),
)
