"""Inputs of a task: users with rotating passwords, authorities, and parameters that exist later."""

import json
import logging
import os
import threading
import time
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

WITHIN = Config(connect_timeout=2, read_timeout=3, retries={"max_attempts": 1})
READ_AGAIN_SECONDS = 300
log = logging.getLogger(__name__)


class UnavailableError(Exception):
    """Dependency that does not answer. Callers receive status 503."""


class User:
    """User, from the environment of the task or, after a rotation, from its secret."""

    def __init__(self, prefix: str) -> None:
        self._arn = os.environ[f"{prefix}_USER_ARN"]
        self.name, self.password = (
            os.environ[f"{prefix}_USERNAME"],
            os.environ[f"{prefix}_PASSWORD"],
        )

    def read_again(self) -> bool:
        """Read the secret after a refused login. Return True if the password has changed."""
        try:
            answer = boto3.client("secretsmanager", config=WITHIN).get_secret_value(
                SecretId=self._arn
            )
        except (BotoCoreError, ClientError) as error:
            raise UnavailableError("secret") from error
        before, self.password = self.password, json.loads(answer["SecretString"])["password"]
        log.warning("login refused, read the secret again")
        return bool(self.password != before)


def authority_of_brokers(prefix: str) -> str | None:
    """Return the authority that verifies the brokers (PEM) from a parameter, or None for public
    ones.

    Raises:
        UnavailableError: if the parameter does not exist yet. Callers try again, with pauses.
    """
    parameter = os.environ.get(f"{prefix}_AUTHORITY_PARAMETER")
    if parameter is None:
        return None
    try:
        value = boto3.client("ssm", config=WITHIN).get_parameter(Name=parameter)["Parameter"][
            "Value"
        ]
    except (BotoCoreError, ClientError) as error:
        raise UnavailableError(parameter) from error
    return str(value)


class Edge:
    """Parameters of the edge, read at the start and every five minutes. The last values remain if a
    read fails.
    """

    def __init__(self) -> None:
        self._path = os.environ["AUDIO_PARAMETERS"]
        self._client = boto3.client(
            "ssm", region_name=os.environ["AUDIO_PARAMETERS_REGION"], config=WITHIN
        )
        self._known: tuple[str, str] | None = None
        threading.Thread(target=self._follow, daemon=True).start()

    @property
    def domain_and_key_pair(self) -> tuple[str, str]:
        """Host that serves audio, and id of the key pair that signs."""
        if self._known is None:
            raise UnavailableError(self._path)
        return self._known

    def _follow(self) -> None:
        pause = 1.0
        while True:
            try:
                ids: dict[str, Any] = json.loads(self._read("signing-keys"))
                self._known = self._read("domain-name"), ids[os.environ["AUDIO_SIGNER"]]
                pause = READ_AGAIN_SECONDS
            except (BotoCoreError, ClientError, KeyError, ValueError) as error:
                log.warning("parameters of the edge: %s", type(error).__name__)
                pause = min(2 * pause, READ_AGAIN_SECONDS)
            time.sleep(pause)

    def _read(self, name: str) -> str:
        return str(self._client.get_parameter(Name=f"{self._path}/{name}")["Parameter"]["Value"])
