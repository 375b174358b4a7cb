"""Resource browser of the embedded AWS: StackPort on loopback, read-only, until Ctrl-C.

StackPort has its own interpreter, which runs `console_server.py`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from spotmusic_constructs.edge_region import EDGE_REGION
from tools.local_aws import LocalAwsError
from tools.local_aws.session import cli_environment
from tools.local_aws.workspace import Workspace

INTERPRETER = Path(".tools", "stackport", "bin", "python")
_SERVER = Path(__file__).with_name("console_server.py")


class NoConsoleError(LocalAwsError):
    """StackPort is not installed, or ended with an error."""


def serve(workspace: Workspace, endpoint: str, *, region: str, port: int | None = None) -> None:
    """Serves the console until Ctrl-C.

    Args:
        workspace: the checkout's state.
        endpoint: loopback URL of the emulator.
        region: home region. The console has a second endpoint for the edge region.
        port: TCP port on loopback; None selects a free one.

    Raises:
        NoConsoleError: StackPort is not installed, or ended with an error.
    """
    python = workspace.checkout / INTERPRETER
    if not python.exists():
        raise NoConsoleError("StackPort is not installed. Run `make console`, which installs it in .tools.")
    folder = workspace.folder / "console"
    folder.mkdir(parents=True, exist_ok=True)
    _write_endpoints(folder, endpoint, region)
    # Without the user's credentials and home: a console of the embedded AWS reaches no account.
    variables = {
        **cli_environment(os.environ, endpoint, region=region, home=workspace.home()),
        "STACKPORT_ALLOW_WRITES": "false",
        "STACKPORT_LEARN": "false",
        "STACKPORT_DATA_DIR": str(folder),
        "LOG_LEVEL": "ERROR",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with subprocess.Popen([str(python), "-P", str(_SERVER), str(port or 0)], env=variables, cwd=folder) as process:  # noqa: S603
        try:
            status = process.wait()
        except KeyboardInterrupt:  # the server has it as well
            status = process.wait()
    if status:
        raise NoConsoleError(f"StackPort ended with status {status}.")
    sys.stdout.flush()


def _write_endpoints(folder: Path, endpoint: str, region: str) -> None:
    """Writes the endpoints of both regions, in the form that StackPort 0.4.6 saves them."""
    regions = dict.fromkeys((region, EDGE_REGION))
    login = {"auth_type": "default", "auth_profile": None, "auth_access_key_id": None, "auth_secret_access_key": None}
    endpoints = {name: {"url": endpoint, "source": "user", "region": name, **login} for name in regions}
    saved = {"version": 1, "default": region, "deleted_env_names": ["default"], "endpoints": endpoints}
    (folder / "endpoints.json").write_text(json.dumps(saved))
