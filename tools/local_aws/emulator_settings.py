"""Settings of the emulator's process, as environment variables."""

import os
from collections.abc import Mapping

from tools.local_aws import ACCOUNT, session
from tools.local_aws.workspace import Workspace

LISTENER = "SPOTMUSIC_LISTENER"
"""Variable with the file descriptor of the emulator's listening socket."""


def emulator_environment(
    environment: Mapping[str, str], workspace: Workspace, *, port: int, region: str
) -> dict[str, str]:
    """Return the environment of the emulator's process.

    Args:
        environment: process environment to start from.
        workspace: state folder, with its temporary files.
        port: TCP port on loopback.
        region: home region.
    """
    return {
        **session.clean_environment(environment),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": region,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": session.SECRET_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        # Disables listeners on further ports, and containers even with a running Docker daemon.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": "tcp://127.0.0.1:9",
        "LAMBDA_EXECUTOR": "local",
        # Node.js functions load the SDK of Lambda's runtime from the checkout, instead of
        # ministack's stub.
        "NODE_PATH": str(workspace.node_modules),
        "PATH": os.pathsep.join([str(workspace.interpreter), environment.get("PATH", os.defpath)]),
        "TMPDIR": str(workspace.temporary),
        "HOME": str(workspace.temporary),
        "LOG_LEVEL": "INFO",
    }
