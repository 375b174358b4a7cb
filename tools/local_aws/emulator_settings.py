"""The settings of the emulator's process, all of them in its environment."""

import os
from collections.abc import Mapping

from tools.local_aws import ACCOUNT, session
from tools.local_aws.kubernetes import source
from tools.local_aws.workspace import Workspace

LISTENER = "SPOTMUSIC_LISTENER"
"""Variable with the descriptor of the socket that the emulator serves on."""


def emulator_environment(environment: Mapping[str, str], workspace: Workspace, *, port: int, region: str) -> dict[str, str]:
    """The environment of the emulator's process.

    Args:
        environment: process environment to start from.
        workspace: where its temporary files go.
        port: TCP port on loopback.
        region: the home region.
    """
    return {
        **session.clean_environment(environment),
        **source.pulled_charts(workspace.checkout),
        **source.variables(environment),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": region,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": session.SECRET_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        # Neither of the listeners that would open further ports, and no containers even where a Docker daemon runs.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": "tcp://127.0.0.1:9",
        "LAMBDA_EXECUTOR": "local",
        # Node functions get the SDK that Lambda's runtime ships from the checkout; without it they would meet a stub.
        "NODE_PATH": str(workspace.node_modules),
        "PATH": os.pathsep.join([str(workspace.interpreter), environment.get("PATH", os.defpath)]),
        "TMPDIR": str(workspace.temporary),
        "HOME": str(workspace.temporary),
        "LOG_LEVEL": "INFO",
    }
