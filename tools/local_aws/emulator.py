"""Process of the emulator: `python -m tools.local_aws.emulator <state folder>`.

Environment variables configure it (emulator_settings.py).
"""

import os
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from hypercorn import asyncio as hypercorn
from ministack import app
from ministack.core import responses

from tools.local_aws import patches, session
from tools.local_aws.emulator_settings import LISTENER
from tools.local_aws.middleware import DOCS_PATH, PAGE_PATH, middleware
from tools.local_aws.own_pages import own_pages_only
from tools.local_aws.rights import with_rights
from tools.local_aws.stub import Register
from tools.local_aws.workspace import Workspace


def main() -> None:
    """Serve until SIGTERM."""
    folder = sys.argv.pop()  # ministack parses the remaining command line
    register = Register()
    patches.install(register)
    wrapped = middleware(
        app.app,
        is_own_key=_is_own_key,
        recorded=register.listing,
        kept=register.kept,
        stacks=patches.stack_states,
        is_in_progress=patches.is_in_progress,
        identity={"pid": os.getpid(), "folder": folder},
        page=partial(page, Workspace(Path(folder).parent, Path(folder).name)),
    )
    app.app = own_pages_only(with_rights(wrapped))
    hypercorn.serve = partial(_serve_on, hypercorn.serve, int(os.environ.pop(LISTENER)))
    app.main()


def page(workspace: Workspace, path: str) -> bytes | None:
    """Return the page of the deployed environment, or a document of the checkout.

    None for any other path.

    Args:
        workspace: the checkout's state.
        path: path of a request.
    """
    docs = (workspace.checkout / "docs").resolve()
    file = workspace.page if path == PAGE_PATH else (docs / path.removeprefix(DOCS_PATH)).resolve()
    if file != workspace.page and not (file.is_relative_to(docs) and file.suffix == ".md"):
        return None
    return file.read_bytes() if file.is_file() else None


async def _serve_on(
    serve: Callable[..., Awaitable[None]], listener: int, application: Any, config: Any
) -> None:
    """Serve on the socket that was bound when the port was selected."""
    config.bind = [f"fd://{listener}"]
    await serve(application, config)


def _is_own_key(key: str) -> bool:
    return key == session.ACCESS_KEY or responses._account_from_sts_session(key) is not None


if __name__ == "__main__":
    main()
