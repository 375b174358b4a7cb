"""In-memory Secrets Manager: one secret, its versions and their stages."""
# ruff: noqa: N803 - the API's spelling

import json
from types import SimpleNamespace
from typing import Any


class NotFoundError(Exception):
    pass


class FakeSecrets:
    """Secrets Manager with the calls of a rotation, which it records."""

    exceptions = SimpleNamespace(ResourceNotFoundException=NotFoundError)

    def __init__(self, values: dict[str, dict[str, Any]], *, rotates: bool | None = True) -> None:
        self.rotates = rotates
        self.values: dict[tuple[str, str], dict[str, Any]] = {
            (arn, "v1"): value for arn, value in values.items()
        }
        self.stages: dict[str, dict[str, list[str]]] = {
            arn: {"v1": ["AWSCURRENT"]} for arn in values
        }
        self.made = 0

    def begin(self, arn: str, token: str) -> None:
        """Create the pending version, as Secrets Manager does before it calls the function."""
        for stages in self.stages[arn].values():
            if "AWSPENDING" in stages:
                stages.remove("AWSPENDING")
        self.stages[arn].setdefault(token, []).append("AWSPENDING")

    def current(self, arn: str) -> dict[str, Any]:
        return self.values[arn, self._version(arn, "AWSCURRENT")]

    def _version(self, arn: str, stage: str) -> str:
        return next(version for version, stages in self.stages[arn].items() if stage in stages)

    def describe_secret(self, *, SecretId: str) -> dict[str, Any]:
        rotation = {} if self.rotates is None else {"RotationEnabled": self.rotates}
        return {**rotation, "VersionIdsToStages": self.stages[SecretId]}

    def get_secret_value(
        self,
        *,
        SecretId: str,
        VersionStage: str,
        VersionId: str | None = None,
    ) -> dict[str, Any]:
        version = VersionId or self._version(SecretId, VersionStage)
        if (SecretId, version) not in self.values:
            raise NotFoundError
        return {"SecretString": json.dumps(self.values[SecretId, version])}

    def get_random_password(self, **_options: Any) -> dict[str, str]:
        self.made += 1
        return {"RandomPassword": f"made-{self.made}"}

    def put_secret_value(
        self,
        *,
        SecretId: str,
        ClientRequestToken: str,
        SecretString: str,
        VersionStages: list[str],
    ) -> None:
        self.values[SecretId, ClientRequestToken] = json.loads(SecretString)
        self.stages[SecretId][ClientRequestToken] = list(VersionStages)

    def update_secret_version_stage(
        self,
        *,
        SecretId: str,
        VersionStage: str,
        MoveToVersionId: str,
        RemoveFromVersionId: str,
    ) -> None:
        self.stages[SecretId][RemoveFromVersionId].remove(VersionStage)
        self.stages[SecretId][RemoveFromVersionId].append("AWSPREVIOUS")
        self.stages[SecretId][MoveToVersionId].append(VersionStage)
