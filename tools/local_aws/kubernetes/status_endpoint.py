"""Status endpoint of the API server in the emulator, read by the commands."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tools.local_aws.kubernetes import released, stand_ins
from tools.local_aws.kubernetes.connection import Connection
from tools.local_aws.middleware import Application, Scope
from tools.local_aws.process import NotStartedError
from tools.local_aws.session import require_loopback
from tools.local_aws.workspace import RunningEmulator

KUBERNETES_PATH = "/_spotmusic/kubernetes"
_PATIENCE_SECONDS = 120


class ApiServerSilentError(NotStartedError):
    """The API server did not start or rejects requests."""


@dataclass(frozen=True, kw_only=True)
class ClusterState:
    """State of the API server.

    Args:
        version: its version.
        has_own_server: True if the emulator started it.
        stand_ins: stub definitions.
        releases: every release in the form of `Release.plain`.
    """

    version: str
    has_own_server: bool
    stand_ins: list[str]
    releases: list[dict[str, Any]]


def with_kubernetes(application: Application, connection: Connection | None) -> Application:
    """Adds the endpoint to the application: GET returns the state, DELETE deletes the stub
    definitions.

    Args:
        application: the middleware.
        connection: the API server; None if there is none.
    """

    async def serve(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != KUBERNETES_PATH:
            return await application(scope, receive, send)
        act = _removed if scope["method"] == "DELETE" else _state
        status, document = await asyncio.to_thread(_answer, act, connection)
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": json.dumps(document).encode()})
        return None

    return serve


def state(emulator: RunningEmulator) -> ClusterState | None:
    """Returns the state of an emulator's API server; None if it has none.

    Args:
        emulator: the emulator.

    Raises:
        ApiServerSilentError: if it does not respond.
    """
    document = _ask(emulator, "GET")
    return ClusterState(**document) if document else None


def remove_stand_ins(emulator: RunningEmulator) -> None:
    """Deletes the stub definitions, so that a cluster that keeps running is clean.

    Args:
        emulator: the emulator.
    """
    _ask(emulator, "DELETE")


def _ask(emulator: RunningEmulator, method: str) -> Any:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(require_loopback(emulator.endpoint) + KUBERNETES_PATH, method=method)  # noqa: S310 - loopback
    try:
        with opener.open(request, timeout=_PATIENCE_SECONDS) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise ApiServerSilentError(json.load(error)["message"]) from error


def _answer(act: Callable[[Connection], Any], connection: Connection | None) -> tuple[int, Any]:
    if connection is None:
        return 200, None
    try:
        return 200, act(connection)
    except Exception as error:  # the command reports the error
        return 500, {"message": str(error)}


def _state(connection: Connection) -> dict[str, Any]:
    api = connection.api()
    return {
        "version": api.version(),
        "has_own_server": connection.has_own_server,
        "stand_ins": stand_ins.names(api),
        "releases": [release.plain() for release in released.releases(api)],
    }


def _removed(connection: Connection) -> None:
    if not connection.has_own_server:  # the emulator's own server is deleted entirely
        stand_ins.remove(connection.api())
