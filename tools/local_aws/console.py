"""Resource browser of the embedded AWS: StackPort on loopback, read-only, until Ctrl-C.

StackPort has its own interpreter, which runs `console_server.py`.
"""

import json
import os
import sys
from pathlib import Path
from typing import NoReturn

from spotmusic_constructs.edge_region import EDGE_REGION
from tools.local_aws import LocalAwsError
from tools.local_aws.session import cli_environment
from tools.local_aws.workspace import Workspace

INTERPRETER = Path(".tools", "stackport", "bin", "python")
_SERVER = Path(__file__).with_name("console_server.py")


class NoConsoleError(LocalAwsError):
    """Missing installation of StackPort."""


def serve(workspace: Workspace, endpoint: str, *, region: str, port: int | None = None) -> NoReturn:
    """Replace this process by the console, which serves until Ctrl-C.

    Args:
        workspace: the checkout's state.
        endpoint: loopback URL of the emulator.
        region: home region. The console has a second endpoint for the edge region.
        port: TCP port on loopback; None selects a free one.

    Raises:
        NoConsoleError: if StackPort is not installed.
    """
    python = workspace.checkout / INTERPRETER
    if not python.exists():
        raise NoConsoleError(
            "StackPort is not installed. Run `make console`, which installs it in .tools."
        )
    folder = workspace.folder / "console"
    folder.mkdir(parents=True, exist_ok=True)
    _write_endpoints(folder, endpoint, region)
    # Without the user's credentials and home, the console cannot reach an account.
    variables = {
        **cli_environment(os.environ, endpoint, region=region, home=workspace.home()),
        "STACKPORT_ALLOW_WRITES": "false",
        "STACKPORT_LEARN": "false",
        "STACKPORT_DATA_DIR": str(folder),
        "LOG_LEVEL": "ERROR",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(_SERVER.parents[2]),
    }
    sys.stdout.flush()
    os.chdir(folder)
    os.execve(python, [str(python), "-P", str(_SERVER), str(port or 0)], variables)  # noqa: S606


def _write_endpoints(folder: Path, endpoint: str, region: str) -> None:
    """Write the endpoints of both regions in the file format of StackPort 0.4.6."""
    regions = dict.fromkeys((region, EDGE_REGION))
    login = {
        "auth_type": "default",
        "auth_profile": None,
        "auth_access_key_id": None,
        "auth_secret_access_key": None,
    }
    endpoints = {
        name: {"url": endpoint, "source": "user", "region": name, **login} for name in regions
    }
    saved = {
        "version": 1,
        "default": region,
        "deleted_env_names": ["default"],
        "endpoints": endpoints,
    }
    (folder / "endpoints.json").write_text(json.dumps(saved))
