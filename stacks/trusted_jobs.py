"""Trusted jobs of CI/CD."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Option

from spotmusic_cdk.settings import environments_in, mapping_in
from spotmusic_constructs.delivery.trust import Trust, github, gitlab


class Delivery(BaseModel):
    """Trusted jobs, from `delivery.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: Literal["github", "gitlab"] = "github"
    repository: str = Option(min_length=3)
    branch: str = Option("main", min_length=1)
    host: str = "gitlab.com"
    pull_requests: bool = False
    existing_provider: tuple[str, ...] = ()

    @property
    def trust(self) -> Trust:
        """Claims of the trusted jobs."""
        if self.issuer == "gitlab":
            return gitlab(project=self.repository, branch=self.branch, host=self.host)
        return github(repository=self.repository, branch=self.branch)


def trusted_jobs(file: Path) -> Delivery:
    """Read `delivery.yaml`, in the folder that contains `environments`.

    Raises:
        ValueError: if the file is invalid.
    """
    written = {key: value for key, value in mapping_in(file).items() if value is not None}
    try:
        delivery = Delivery(**written)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(
            f"{file.name}: {where}: {first['msg']}. docs/ci-cd.md describes the keys."
        ) from None
    names = environments_in(file.parent / "environments")
    if unknown := sorted({*delivery.existing_provider} - {*names}):
        raise ValueError(
            f"{file.name}: existing_provider: {', '.join(unknown)} is no environment. "
            f"Use names of {', '.join(names)}."
        )
    return delivery
