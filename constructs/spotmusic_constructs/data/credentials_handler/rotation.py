"""Rotation steps of Secrets Manager, for any store of passwords."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Credentials = dict[str, Any]
"""Value of a secret: `username`, `password`, and the address of the store."""

CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"
_PASSWORD_LENGTH = 40

log = logging.getLogger()
log.setLevel(logging.INFO)


class RotationError(Exception):
    """Event that belongs to no rotation in progress."""


@dataclass(frozen=True, kw_only=True)
class Store:
    """Store that accepts two passwords at a time: the new one, and that of running clients.

    Args:
        accept: makes the store accept the pending password in addition to the current one. It must
            be repeatable after a failure.
        prove: logs in with the pending password, or raises.
    """

    accept: Callable[[Credentials, Credentials], None]
    prove: Callable[[Credentials], None]


def rotate(event: dict[str, Any], secrets: Any, store: Store) -> None:
    """Run one step of a rotation.

    Args:
        event: event of Secrets Manager: `SecretId`, `ClientRequestToken` and `Step`.
        secrets: Secrets Manager client.
        store: store of the password.

    Raises:
        RotationError: if the secret is not rotating to this version.
    """
    secret, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    stages = _stages(secrets, secret, token)
    if CURRENT in stages:
        log.info("%s: version %s is already current", step, token)
        return
    if PENDING not in stages:
        raise RotationError(f"version {token} of {secret} is not pending. Start a new rotation.")
    log.info("%s of %s", step, secret)
    if step == "createSecret":
        _create(secrets, secret, token)
    elif step == "setSecret":
        store.accept(read(secrets, secret), read(secrets, secret, PENDING, token))
    elif step == "testSecret":
        store.prove(read(secrets, secret, PENDING, token))
    elif step == "finishSecret":
        _finish(secrets, secret, token)
    else:
        raise RotationError(f"{step} is no rotation step. Only Secrets Manager sends events.")


def read(secrets: Any, secret: str, stage: str = CURRENT, token: str | None = None) -> Credentials:
    """Read a version of a secret."""
    version = {"VersionId": token} if token else {}
    value: Credentials = json.loads(
        secrets.get_secret_value(SecretId=secret, VersionStage=stage, **version)["SecretString"]
    )
    return value


def _stages(secrets: Any, secret: str, token: str) -> list[str]:
    metadata = secrets.describe_secret(SecretId=secret)
    # The value is missing while the first schedule is created: Secrets Manager tests the password
    # before it enables rotation.
    if metadata.get("RotationEnabled") is False:
        raise RotationError(f"{secret} does not rotate. Enable its rotation.")
    stages: list[str] = metadata["VersionIdsToStages"].get(token, [])
    return stages


def _create(secrets: Any, secret: str, token: str) -> None:
    current = read(secrets, secret)
    try:
        read(secrets, secret, PENDING, token)
    except secrets.exceptions.ResourceNotFoundException:
        password = secrets.get_random_password(
            PasswordLength=_PASSWORD_LENGTH, ExcludePunctuation=True
        )["RandomPassword"]
        pending = json.dumps({**current, "password": password})
        secrets.put_secret_value(
            SecretId=secret, ClientRequestToken=token, SecretString=pending, VersionStages=[PENDING]
        )


def _finish(secrets: Any, secret: str, token: str) -> None:
    versions = secrets.describe_secret(SecretId=secret)["VersionIdsToStages"]
    old = next((version for version, stages in versions.items() if CURRENT in stages), None)
    if old != token:
        secrets.update_secret_version_stage(
            SecretId=secret, VersionStage=CURRENT, MoveToVersionId=token, RemoveFromVersionId=old
        )
