"""A process with the environment of its task, from the embedded AWS, as ECS resolves it."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.local_aws import session

STAND_INS = "stand-ins.json"
"""File below the workspace with the variables that lead to the engines of `make stand-ins`, while they run."""


class NoTaskError(Exception):
    """No task definition of this service is deployed."""


def environment_of_task(service: str, endpoint: str, *, region: str) -> dict[str, str]:
    """Returns the variables of a service's container: the plain ones, and those that ECS fetches when a task starts.

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
    for arn in ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"]:
        for container in ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]["containerDefinitions"]:
            plain = {entry["name"]: entry["value"] for entry in container.get("environment", [])}
            # Later revisions come later.
            found[plain.get("SERVICE", "")] = {"plain": plain, "secrets": container.get("secrets", [])}
    if service not in found:
        names = ", ".join(sorted(name for name in found if name)) or "none"
        raise NoTaskError(f"No service {service} is deployed to the embedded AWS; there are: {names}. Deploy it by `make local`.")
    fetched = {entry["name"]: _fetched(entry["valueFrom"], endpoint, region) for entry in found[service]["secrets"]}
    return {**found[service]["plain"], **fetched}


def stand_ins(folder: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Returns what a task finds otherwise while `make stand-ins` runs: those of its own variables, and the authorities to trust."""
    file = folder / STAND_INS
    found: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    return {name: value for name, value in found.items() if name in variables or name == "SSL_CERT_FILE"}


def _fetched(reference: str, endpoint: str, region: str) -> str:
    """The value that ECS gives for `valueFrom`: of a parameter, a secret, or a field of a secret's JSON."""
    if ":ssm:" in reference:
        name = "/" + reference.partition(":parameter/")[2]
        answer = session.client("ssm", endpoint, region=region).get_parameter(Name=name, WithDecryption=True)
        return str(answer["Parameter"]["Value"])
    *arn, field, _stage, _version = reference.split(":") if reference.count(":") > 6 else (*reference.split(":"), "", "", "")
    text = str(session.client("secretsmanager", endpoint, region=region).get_secret_value(SecretId=":".join(arn))["SecretString"])
    return str(json.loads(text)[field]) if field else text


def run_as_task(command: Sequence[str], variables: Mapping[str, str], endpoint: str, *, region: str, changes: Mapping[str, str]) -> None:
    """Replaces this process by a command with the environment of a task, and the embedded AWS for its SDKs.

    Args:
        command: the command and its arguments.
        variables: environment of the task.
        endpoint: loopback URL of the emulator.
        region: the home region.
        changes: variables that stand-ins of engines need otherwise, such as `CACHE_HOST`.
    """
    shell = session.clean_environment(os.environ)
    os.execvpe(command[0], list(command), {**shell, **session.aws_variables(endpoint, region=region), **variables, **changes})  # noqa: S606 - it is the user's own
