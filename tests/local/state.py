"""State folders of tests, separate from the user's."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

from tools.local_aws import process
from tools.local_aws.workspace import Workspace

ROOT = Path(__file__).parents[2]
LOCK = ROOT / ".local" / "tests.lock"


@contextmanager
def own_state(name: str, request: pytest.FixtureRequest) -> Iterator[Workspace]:
    """Yield an empty state in an environment without an account. Processes of an earlier, killed
    run are ended first.

    A second run in the same checkout waits, because it would end the processes of the first one.

    Args:
        name: folder below `.local`.
        request: request of the fixture. The state of failed tests is kept for inspection.
    """
    workspace = Workspace(ROOT, name=f".local/{name}")
    LOCK.parent.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as environment, FileLock(LOCK):
        for variable in [name for name in os.environ if name.startswith("AWS_")]:
            environment.delenv(variable)
        process.stop(workspace)
        workspace.forget()
        try:
            yield workspace
        finally:
            process.stop(workspace)
        if not request.session.testsfailed:
            workspace.forget()
