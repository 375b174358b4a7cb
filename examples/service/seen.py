"""Processed messages of this task: `GET $ROUTE/done/<id>` returns 200, for smoke checks."""

import os
from collections import deque
from http import HTTPStatus

from process import Reply

KEPT = 1000
PATTERN = "/done/{id}"


class Seen:
    """Ids of the newest messages of this task. Other tasks have other ids: repeat the request until
    one returns 200.
    """

    def __init__(self) -> None:
        self._ids: deque[object] = deque(maxlen=KEPT)

    def add(self, id_: object) -> None:
        """Add the id of a processed message."""
        self._ids.append(id_)

    def answer(self, path: str, listener: str) -> Reply:
        """Answer a request of a service with a route."""
        prefix = f"{os.environ['ROUTE']}/done/" if "ROUTE" in os.environ else None
        if not (prefix and path.startswith(prefix) and listener):
            return "", HTTPStatus.NOT_FOUND, {"error": "not_found"}
        status = (
            HTTPStatus.OK if path.removeprefix(prefix) in tuple(self._ids) else HTTPStatus.NOT_FOUND
        )
        return PATTERN, status, {"done": status == HTTPStatus.OK}
