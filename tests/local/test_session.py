"""Loopback guard: no client reaches a real account."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.awsrequest import AWSPreparedRequest

from tools.local_aws import session


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:4566", "http://127.8.8.8:1", "http://[::1]:4566"]
)
def test_loopback_is_accepted(endpoint: str) -> None:
    assert session.require_loopback(endpoint) == endpoint


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://sts.amazonaws.com",
        "https://sts.sa-east-1.amazonaws.com:443",
        "http://10.0.0.1:4566",
        "http://169.254.169.254:80",
        "http://localhost:4566",  # resolvers determine its address
        "http://127.0.0.1.example.com:4566",
        "http://127.0.0.1@example.com:4566",
        "http://0.0.0.0:4566",
        "http://127.0.0.1",
        "https://127.0.0.1:4566",
        "127.0.0.1:4566",
        "",
    ],
)
def test_everything_but_loopback_is_refused(endpoint: str) -> None:
    with pytest.raises(session.NotEmbeddedError, match="not a loopback address"):
        session.require_loopback(endpoint)
    with pytest.raises(session.NotEmbeddedError):
        session.client("sts", endpoint, region="sa-east-1")
    with pytest.raises(session.NotEmbeddedError):
        session.aws_variables(endpoint, region="sa-east-1")


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"},
        {"AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI"},
        {"AWS_SESSION_TOKEN": "token"},
    ],
)
def test_foreign_credentials_are_refused(variables: dict[str, str]) -> None:
    with pytest.raises(session.NotEmbeddedError) as refusal:
        session.require_embedded(variables)
    assert next(iter(variables)) in str(refusal.value)
    assert next(iter(variables.values())) not in str(refusal.value)


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_foreign_endpoint_is_refused(name: str) -> None:
    with pytest.raises(session.NotEmbeddedError):
        session.require_embedded({name: "https://s3.amazonaws.com"})


def test_exported_shell_is_accepted() -> None:
    session.require_embedded(session.aws_variables("http://127.0.0.1:4566", region="sa-east-1"))


def test_cli_environment_has_no_credentials() -> None:
    mine = {
        "AWS_PROFILE": "production",
        "AWS_ROLE_ARN": "arn",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "f",
        "HTTPS_PROXY": "p",
        "KUBECONFIG": "k",
        "LANG": "C",
    }
    environment = session.cli_environment(
        mine, "http://127.0.0.1:4566", region="sa-east-1", home=Path("/empty")
    )
    assert mine.keys() & environment.keys() == {"LANG"}
    assert (
        environment["AWS_CONFIG_FILE"] == environment["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"
    )
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"
    assert environment["AWS_ACCESS_KEY_ID"] == session.ACCESS_KEY
    assert environment["HOME"] == "/empty"
    assert environment["LANG"] == "C"
    assert environment["JSII_RUNTIME_PACKAGE_CACHE_ROOT"] == str(session.jsii_cache())
    assert not session.jsii_cache().is_relative_to("/empty")


def test_shell_exports_unset_other_variables() -> None:
    """Variables of the user's shell that would lead SDKs and the AWS CLI to another endpoint."""
    endpoint = "http://127.0.0.1:4566"
    exports = session.shell_exports(endpoint, region="sa-east-1", path="/venv/bin")
    others = {
        "AWS_DEFAULT_PROFILE": "prod",
        "AWS_ENDPOINT_URL_S3": "https://example.com",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_PROFILE": "prod",
        "AWS_SESSION_TOKEN": "two\nlines",
    }
    for before in ({}, others):
        shown = subprocess.run(
            ["/bin/sh", "-euc", f"{exports}\nPATH={os.environ['PATH']}\nenv"],
            env={"PATH": os.environ["PATH"], **before},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        found = {line.partition("=")[0]: line.partition("=")[2] for line in shown}
        assert found["AWS_ENDPOINT_URL"] == endpoint
        assert found.keys() & others.keys() == set()


def test_shell_exports_accept_folder_of_any_name() -> None:
    folder = "/O'Neill's $HOME/bin"
    exports = session.shell_exports("http://127.0.0.1:4566", region="sa-east-1", path=folder)
    shown = subprocess.run(
        ["/bin/sh", "-c", f'{exports}\necho "$PATH"'], capture_output=True, text=True, check=True
    )
    assert shown.stdout.startswith(f"{folder}:")


def test_client_reads_no_profile_nor_configuration(tmp_path: Path) -> None:
    """Continuous integration sets profiles that a machine lacks. The test uses a separate process,
    because a session is cached.
    """
    (tmp_path / "broken").write_text("[profile\n")
    code = (
        "from tools.local_aws import session; "
        "print(session.client('sts', 'http://127.0.0.1:9', region='sa-east-1').meta.region_name)"
    )
    variables = {
        "PATH": os.environ["PATH"],
        "AWS_PROFILE": "nonsense",
        "AWS_CONFIG_FILE": str(tmp_path / "broken"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "broken"),
        "AWS_RETRY_MODE": "nonsense",
        "AWS_CA_BUNDLE": "/nowhere",
    }
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=variables
    )
    assert (result.stdout, result.stderr) == ("sa-east-1\n", "")


def test_clients_use_fresh_connections() -> None:
    """The emulator closes idle connections, and a call on such a connection receives no
    response.
    """
    functions = session.client("lambda", "http://127.0.0.1:9", region="sa-east-1")

    def refuse(request: AWSPreparedRequest, **_event: object) -> None:
        raise InterruptedError(request.headers["Connection"])

    functions.meta.events.register_last("before-send", refuse)
    with pytest.raises(InterruptedError, match="close"):
        functions.list_functions()
    functions.meta.events.unregister("before-send", refuse)
