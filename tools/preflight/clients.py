"""Clients of an account, and caller identity."""

import os
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.edge_region import EDGE_REGION
from tools.preflight.finding import Clients, Context

_CONNECT_SECONDS, _READ_SECONDS, _ATTEMPTS = 5, 30, 3


def connect(settings: Settings) -> Context:
    """Return an environment with the account of the caller.

    Raises:
        BotoCoreError: without credentials, or if AWS is not reachable.
        ClientError: if AWS refuses the credentials.
    """
    session = boto3.Session()
    clients = _clients_of(session)
    # In a region that is not enabled, STS refuses every caller.
    identity = clients("sts", EDGE_REGION).get_caller_identity()
    return Context(
        settings=settings,
        clients=clients,
        account=identity["Account"],
        # The AWS CLI and the CDK CLI read this variable first, and boto3 ignores it.
        session_region=os.environ.get("AWS_REGION") or session.region_name,
    )


def _clients_of(session: boto3.Session) -> Clients:
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
    )

    @cache
    def client(service: str, region: str) -> Any:
        return session.client(service, region_name=region, config=config)

    return client


def advice(target: str) -> str:
    """Return the remedy for an unknown caller.

    Args:
        target: target of `make`, with its variables.
    """
    if os.environ.get("AWS_ENDPOINT_URL"):
        return (
            "AWS_ENDPOINT_URL points to the embedded AWS. "
            "Start it (`make local`), or open a shell without .local/env.sh."
        )
    return f"Log in (`aws sso login --profile NAME`), then run AWS_PROFILE=NAME make {target}"
