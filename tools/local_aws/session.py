"""Loopback guard: clients connect only to loopback, with credentials that no account accepts."""

import ipaddress
import os
import shlex
import sys
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

from tools.local_aws import ACCOUNT, LocalAwsError

# The account id as access key: ministack derives the account from it. Keys of AWS start with AKIA
# or ASIA.
ACCESS_KEY = ACCOUNT
SECRET_KEY = "embedded"  # noqa: S105 - of no account

_client_lock = Lock()


class NotEmbeddedError(LocalAwsError):
    """Endpoint or credential that does not belong to the embedded AWS."""


def require_loopback(endpoint: str) -> str:
    """Return the endpoint if it is a loopback address.

    Args:
        endpoint: URL, such as `http://127.0.0.1:4566`.

    Raises:
        NotEmbeddedError: for any other host, for names (which a resolver could map to any
            address) and for a missing port.
    """
    parts = urlsplit(endpoint)
    try:
        is_loopback = (
            parts.hostname is not None and ipaddress.ip_address(parts.hostname).is_loopback
        )
        has_port = parts.port is not None
    except ValueError:
        is_loopback = has_port = False
    if parts.scheme != "http" or not is_loopback or not has_port or parts.username is not None:
        raise NotEmbeddedError(
            f"{endpoint!r} is not a loopback address with a port.\n"
            "  The embedded AWS runs on this machine only. "
            "To deploy to an account, use `npx cdk deploy`."
        )
    return endpoint


def require_embedded(environment: Mapping[str, str]) -> None:
    """Reject a shell environment with access to another AWS.

    Raises:
        NotEmbeddedError: for foreign credentials, which the message does not contain, and for an
            endpoint variable (general or of one service) that is not loopback.
    """
    for name, own in (
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        ("AWS_SESSION_TOKEN", ""),
    ):
        if environment.get(name, own) != own:
            raise NotEmbeddedError(
                f"{name} holds credentials that do not belong to the embedded AWS.\n"
                "  Start a shell without them (`env -u AWS_ACCESS_KEY_ID "
                "-u AWS_SECRET_ACCESS_KEY -u AWS_SESSION_TOKEN …`)"
                " and run the command again."
            )
    for name, value in environment.items():
        if name == "AWS_ENDPOINT_URL" or name.startswith("AWS_ENDPOINT_URL_"):
            require_loopback(value)


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without access to a real account or cluster.

    AWS_*, KUBECONFIG and proxies are removed.
    """
    dropped = {"http_proxy", "https_proxy", "all_proxy", "kubeconfig"}
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith("AWS_") and name.lower() not in dropped
    }


def aws_variables(endpoint: str, *, region: str) -> dict[str, str]:
    """Return the variables that direct the SDKs and the CDK CLI to the embedded AWS only.

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


def cli_environment(
    environment: Mapping[str, str], endpoint: str, *, region: str, home: Path
) -> dict[str, str]:
    """Return the complete environment of a CDK CLI process.

    Args:
        environment: process environment to start from.
        endpoint: loopback URL of the emulator.
        region: the default region.
        home: an empty folder as home, so that neither `~/.aws` nor `~/.cdk.json` is read.
    """
    variables = {
        **clean_environment(environment),
        **aws_variables(endpoint, region=region),
        "HOME": str(home),
    }
    # With an empty home, jsii would unpack aws-cdk-lib again, which takes longer than the
    # synthesis.
    return {"JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(jsii_cache()), **variables}


def jsii_cache() -> Path:
    """Return the user's cache of unpacked jsii packages, the default of jsii."""
    below = "Library/Caches/com.amazonaws.jsii" if sys.platform == "darwin" else ".cache/aws/jsii"
    return Path.home() / below / "package-cache"


def shell_exports(endpoint: str, *, region: str, path: str) -> str:
    """Return the text of `env.sh`.

    After `. .local/env.sh`, `npx cdk diff "dev/*"` and the AWS CLI use the embedded AWS.

    Args:
        endpoint: loopback URL of the emulator.
        region: the default region.
        path: folder with node and python, put first on PATH.
    """
    variables = aws_variables(endpoint, region=region)
    exports = [f"export {name}='{value}'" for name, value in variables.items()]
    path_export = f'export PATH={shlex.quote(path)}:"$PATH"'
    # Such as another profile, the endpoint of one service, or the wish to ignore endpoints.
    unset = r"unset AWS_PROFILE $(env | sed -n 's/^\(AWS_[A-Za-z0-9_]*\)=.*/\1/p')"
    return "\n".join([unset, *exports, path_export, ""])


@cache
def _session() -> boto3.Session:
    # One session for all clients, because loading service descriptions is most of a client's cost
    # and a session caches them.
    return boto3.Session(
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        botocore_session=_unconfigured(),
    )


def _unconfigured() -> botocore.session.Session:
    """Return a session without the user's variables and files.

    A missing profile would fail every call.
    """
    defaults = botocore.session.Session.SESSION_VARIABLES
    unread = {
        name: (None, None, default, convert)
        for name, (_file, _variable, default, convert) in defaults.items()
    }
    files = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    return botocore.session.Session(session_vars={**unread, **files})


@cache
def _client(service: str, endpoint: str, region: str) -> Any:
    # One attempt, because a retry would hide errors of the emulator. A call of a custom resource
    # may take minutes.
    config = Config(
        retries={"total_max_attempts": 1}, proxies={}, read_timeout=300, inject_host_prefix=False
    )
    made = _session().client(
        service, region_name=region, endpoint_url=require_loopback(endpoint), config=config
    )
    made.meta.events.register("before-send", _close_after_answer)
    return made


def _close_after_answer(request: AWSPreparedRequest, **_event: Any) -> None:
    # The emulator closes idle connections after 75 s, and calls on them get no response.
    request.headers["Connection"] = "close"


def client(service: str, endpoint: str, *, region: str) -> Any:
    """Return a boto3 client of the embedded AWS.

    Args:
        service: name of the service in boto3.
        endpoint: loopback URL of the emulator.
        region: region of the resources.

    Raises:
        NotEmbeddedError: if the endpoint is not loopback.
    """
    with _client_lock:  # creating a boto3 client is not thread-safe; using one is
        return _client(service, endpoint, region)
