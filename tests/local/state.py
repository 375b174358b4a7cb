"""State folders of the tests, beside the one of the checkout's user, which is left alone."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tools.local_aws import process
from tools.local_aws.lock import alone
from tools.local_aws.workspace import Workspace

ROOT = Path(__file__).parents[2]
CLUSTERS = ("KUBECONFIG", "KUBEBUILDER_ASSETS")


@contextmanager
def own_state(name: str, request: pytest.FixtureRequest, *, clusters: bool = False) -> Iterator[Workspace]:
    """Gives an empty state, in a shell that leads to no account. What a run that was killed left of it is ended first.

    A second run in the same checkout is refused: it would take what this one has started for left over, and end it.

    Args:
        name: folder below `.local`.
        request: of the fixture; the state is kept for a look if a test failed.
        clusters: whether the shell may lead to an API server.
    """
    workspace = Workspace(ROOT, name=f".local/{name}")
    with pytest.MonkeyPatch.context() as environment, alone(Workspace(ROOT, name=".local/tests"), "pytest"):
        for variable in list(os.environ):
            if variable.startswith("AWS_") or (variable in CLUSTERS and not clusters):
                environment.delenv(variable)
        process.stop(workspace)
        workspace.forget()
        try:
            yield workspace
        finally:
            process.stop(workspace)
        if not request.session.testsfailed:
            workspace.forget()
