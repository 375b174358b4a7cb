"""Process with the environment of a task in the embedded AWS, as ECS resolves it."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.local_aws import LocalAwsError, session
from tools.local_aws.lock import is_held
from tools.local_aws.workspace import Workspace

STAND_INS = ".local/stand-ins"
"""State of `make stand-ins`, which holds its lock while the engines run."""
VARIABLES = "variables.json"
"""File of the state with the variables for the engines."""


class NoTaskError(LocalAwsError):
    """Missing task definition of a service."""


def environment_of_task(service: str, endpoint: str, *, region: str) -> dict[str, str]:
    """Return the variables of a service's container, with values that ECS fetches at its start.

    Args:
        service: name of the service in the environment file.
        endpoint: loopback URL of the emulator.
        region: the home region.

    Raises:
        NoTaskError: if the service is not deployed.
        NotEmbeddedError: if the endpoint is not loopback.
    """
    ecs = session.client("ecs", endpoint, region=region)
    found: dict[str, dict[str, Any]] = {}
    for page in ecs.get_paginator("list_task_definitions").paginate(status="ACTIVE"):
        for arn in page["taskDefinitionArns"]:
            task = ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
            # Later revisions follow.
            found |= {
                _plain(each).get("SERVICE", ""): each for each in task["containerDefinitions"]
            }
    if service not in found:
        names = ", ".join(sorted(name for name in found if name)) or "none"
        raise NoTaskError(
            f"Service {service} is not deployed to the embedded AWS. "
            f"Deployed services: {names}. Deploy it with `make local`."
        )
    fetched = {
        entry["name"]: _fetched(entry["valueFrom"], endpoint, region)
        for entry in found[service].get("secrets", [])
    }
    return _plain(found[service]) | fetched


def _plain(container: Mapping[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in container.get("environment", [])}


def stand_ins(checkout: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that `make stand-ins` overrides, with its certificate authorities.

    Empty if it does not run, such as after its end by SIGKILL.
    """
    state = Workspace(checkout, name=STAND_INS)
    file = state.folder / VARIABLES
    found: dict[str, str] = json.loads(file.read_text()) if is_held(state) and file.exists() else {}
    return {
        name: value for name, value in found.items() if name in variables or name == "SSL_CERT_FILE"
    }


def _fetched(reference: str, endpoint: str, region: str) -> str:
    """Return the value of `valueFrom`, as ECS resolves it.

    It is a parameter, a secret, or a field of a secret's JSON.
    """
    if ":ssm:" in reference:
        name = "/" + reference.partition(":parameter/")[2]
        answer = session.client("ssm", endpoint, region=region).get_parameter(
            Name=name, WithDecryption=True
        )
        return str(answer["Parameter"]["Value"])
    *arn, field, _stage, _version = (
        reference.split(":") if reference.count(":") > 6 else (*reference.split(":"), "", "", "")
    )
    text = str(
        session.client("secretsmanager", endpoint, region=region).get_secret_value(
            SecretId=":".join(arn)
        )["SecretString"]
    )
    return str(json.loads(text)[field]) if field else text


def run_as_task(
    command: Sequence[str],
    variables: Mapping[str, str],
    endpoint: str,
    *,
    region: str,
    changes: Mapping[str, str],
) -> None:
    """Replace this process by a command with a task's environment, with SDKs of the embedded AWS.

    Args:
        command: the command and its arguments.
        variables: environment of the task.
        endpoint: loopback URL of the emulator.
        region: the home region.
        changes: overrides for the engines of `make stand-ins`, such as `CACHE_HOST`.

    Raises:
        LocalAwsError: if the command cannot be started.
    """
    shell = session.clean_environment(os.environ)
    own = {**session.aws_variables(endpoint, region=region), **variables, **changes}
    try:
        os.execvpe(command[0], list(command), {**shell, **own})  # noqa: S606 - of the user
    except OSError as error:
        raise LocalAwsError(
            f"{command[0]}: {error.strerror}. Name a program in PATH, or its file."
        ) from None
