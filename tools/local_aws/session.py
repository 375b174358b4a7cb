"""The guard: everything here talks to loopback with credentials that no account knows, or not at all."""

import ipaddress
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config

from tools.local_aws import ACCOUNT

# The account id as access key: ministack takes it as the account, and AWS never issues such a key (AKIA… or ASIA…).
ACCESS_KEY = ACCOUNT
SECRET_KEY = "embedded"  # noqa: S105 - of no account

_client_lock = Lock()


class NotEmbeddedError(Exception):
    """An endpoint or a credential that is not the embedded AWS's own."""


def require_loopback(endpoint: str) -> str:
    """Returns the endpoint if it is plain loopback.

    Args:
        endpoint: URL, such as `http://127.0.0.1:4566`.

    Raises:
        NotEmbeddedError: for every other host, for a name (which a resolver could answer with anything) and for a missing port.
    """
    parts = urlsplit(endpoint)
    try:
        is_loopback = parts.hostname is not None and ipaddress.ip_address(parts.hostname).is_loopback
        has_port = parts.port is not None
    except ValueError:
        is_loopback = has_port = False
    if parts.scheme != "http" or not is_loopback or not has_port or parts.username is not None:
        raise NotEmbeddedError(
            f"{endpoint!r} is not a loopback address with a port.\n"
            "  The embedded AWS runs on this machine only. Deploy to an account with `npx cdk deploy`, not with this command."
        )
    return endpoint


def require_own_credentials(environment: Mapping[str, str]) -> None:
    """Accepts the embedded AWS's credentials and none at all.

    Args:
        environment: process environment.

    Raises:
        NotEmbeddedError: if it holds a key of somewhere else. The key is not repeated in the message.
    """
    for name, own in (("AWS_ACCESS_KEY_ID", ACCESS_KEY), ("AWS_SECRET_ACCESS_KEY", SECRET_KEY), ("AWS_SESSION_TOKEN", "")):
        if environment.get(name, own) != own:
            raise NotEmbeddedError(
                f"{name} holds credentials that are not the embedded AWS's own.\n"
                "  Start a shell without them (`env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY -u AWS_SESSION_TOKEN …`) and repeat."
            )


def require_embedded(environment: Mapping[str, str]) -> None:
    """Refuses to work in a shell that points anywhere else.

    Raises:
        NotEmbeddedError: for foreign credentials, and for an endpoint variable (general or of one service) that is not loopback.
    """
    require_own_credentials(environment)
    for name, value in environment.items():
        if name == "AWS_ENDPOINT_URL" or name.startswith("AWS_ENDPOINT_URL_"):
            require_loopback(value)


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without anything that leads to a real account or cluster: no AWS_*, no KUBECONFIG, no proxy."""
    dropped = {"http_proxy", "https_proxy", "all_proxy", "kubeconfig"}
    return {name: value for name, value in environment.items() if not name.startswith("AWS_") and name.lower() not in dropped}


def aws_variables(endpoint: str, *, region: str) -> dict[str, str]:
    """The variables that lead the SDKs and the CDK CLI to the embedded AWS, and nowhere else.

    Args:
        endpoint: loopback URL of the emulator.
        region: the default region.

    Raises:
        NotEmbeddedError: if the endpoint is not loopback.
    """
    return {
        "AWS_ENDPOINT_URL": require_loopback(endpoint),
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "CDK_DEFAULT_ACCOUNT": ACCOUNT,
        "CDK_DEFAULT_REGION": region,
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "NO_PROXY": "*",
    }


def cli_environment(environment: Mapping[str, str], endpoint: str, *, region: str, home: Path) -> dict[str, str]:
    """The whole environment of a CDK CLI process.

    Args:
        environment: process environment to start from.
        endpoint: loopback URL of the emulator.
        region: the default region.
        home: an empty folder that stands in for the user's home, so that neither `~/.aws` nor `~/.cdk.json` is read.
    """
    return {**clean_environment(environment), **aws_variables(endpoint, region=region), "HOME": str(home)}


def shell_exports(endpoint: str, *, region: str, path: str) -> str:
    """The text of `env.sh`: after `. .local/env.sh`, `npx cdk diff "dev/*"` and the AWS CLI talk to the embedded AWS.

    Args:
        endpoint: loopback URL of the emulator.
        region: the default region.
        path: folder with node and python, put first on PATH.
    """
    lines = [f"export {name}='{value}'" for name, value in aws_variables(endpoint, region=region).items()]
    return "\n".join(["unset AWS_PROFILE AWS_SESSION_TOKEN", *lines, f"export PATH='{path}':\"$PATH\"", ""])


@cache
def _session() -> boto3.Session:
    # One for all clients: reading the services' descriptions is most of what a client costs, and a session remembers them.
    return boto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, botocore_session=_unconfigured())


def _unconfigured() -> botocore.session.Session:
    """A session that reads neither the variables nor the files of the user: a profile that is missing here would fail every call."""
    defaults = botocore.session.Session.SESSION_VARIABLES
    unread = {name: (None, None, default, convert) for name, (_file, _variable, default, convert) in defaults.items()}
    files = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    return botocore.session.Session(session_vars={**unread, **files})


@cache
def _client(service: str, endpoint: str, region: str) -> Any:
    # One attempt: a second one only hides that the emulator said no. Custom resources may take minutes behind one call.
    config = Config(retries={"total_max_attempts": 1}, proxies={}, read_timeout=300, inject_host_prefix=False)
    made = _session().client(service, region_name=region, endpoint_url=require_loopback(endpoint), config=config)
    made.meta.events.register("before-send", _close_after_answer)
    return made


def _close_after_answer(request: AWSPreparedRequest, **_event: Any) -> None:
    # The emulator closes a connection that idled for 75 s, and a call that takes it up in that moment gets no answer.
    request.headers["Connection"] = "close"


def client(service: str, endpoint: str, *, region: str) -> Any:
    """A boto3 client of the embedded AWS.

    Args:
        service: boto3's name of the service.
        endpoint: loopback URL of the emulator.
        region: region of the resources.

    Raises:
        NotEmbeddedError: if the endpoint is not loopback.
    """
    with _client_lock:  # creating a boto3 client is not thread-safe, using one is
        return _client(service, endpoint, region)
