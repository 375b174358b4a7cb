"""`npx cdk deploy --app ".venv/bin/python -m stacks.delivery" -c env=dev`: roles of CI/CD jobs.

An app of its own: one stack in each account, apart from the eight of an environment, because jobs
need it before they can deploy the first environment.
"""

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Literal

import aws_cdk as cdk
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Option

from spotmusic_cdk import versions
from spotmusic_cdk.command_line import run_command
from spotmusic_cdk.settings import Settings, SettingsError, load, mapping_in
from spotmusic_constructs.delivery.deployment_roles import (
    DeploymentRoles,
    DeploymentTarget,
    Trust,
    github,
    gitlab,
)
from spotmusic_constructs.edge_region import EDGE_REGION
from stacks import compliance
from stacks.environment_stack import common_tags, tag
from stacks.platform import boundary_of

CHECKOUT = Path.cwd()
HASH = "????????"
"""CDK appends eight hexadecimal digits to a logical id, CloudFormation a suffix to a name."""


class Delivery(BaseModel):
    """Trusted jobs, from `delivery.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: Literal["github", "gitlab"] = "github"
    repository: str = Option(min_length=3)
    branch: str = Option("main", min_length=1)
    host: str = "gitlab.com"
    pull_requests: bool = False

    @property
    def trust(self) -> Trust:
        """Claims of the trusted jobs."""
        if self.issuer == "gitlab":
            return gitlab(project=self.repository, branch=self.branch, host=self.host)
        return github(repository=self.repository, branch=self.branch)


class DeliveryStack(cdk.Stack):
    """Roles of CI/CD jobs for the environments of one account.

    Args:
        delivery: trusted jobs.
        environments: environments of the account.

    Attributes:
        roles: roles of the jobs.
    """

    def __init__(
        self, scope: cdk.App, *, delivery: Delivery, environments: Sequence[Settings]
    ) -> None:
        first = environments[0]
        super().__init__(
            scope,
            "delivery",
            stack_name="spotmusic-delivery",
            env=cdk.Environment(account=first.account, region=first.region),
            description="Spotmusic: roles of CI/CD jobs",
            termination_protection=any(settings.production for settings in environments),
            permissions_boundary=boundary_of(first.permissions_boundary),
        )
        tag(
            self,
            {
                key: value
                for key, value in common_tags(first, DataClass="internal").items()
                if key != "Env"
            },
        )
        self.roles = DeploymentRoles(
            self,
            "Roles",
            trust=delivery.trust,
            pull_requests=delivery.pull_requests,
            environments={settings.name: target(settings) for settings in environments},
        )


def target(settings: Settings) -> DeploymentTarget:
    """Return regions and image repositories of an environment."""
    stack = settings.stack_name("registry")
    return DeploymentTarget(
        account=settings.account,
        regions=list(dict.fromkeys([settings.region, EDGE_REGION])),
        repositories={
            name: f"{stack}-services{name.replace('-', '')}{HASH}-*" for name in settings.services
        },
        registry_stack=stack,
    )


def main(app: cdk.App, checkout: Path = CHECKOUT) -> int:
    """Synthesizes the stack for the environments that the context names.

    Args:
        app: the application; its context `env` has one environment, or several of one account with
            commas between them, all production or none.
        checkout: folder of `delivery.yaml` and the environments.

    Returns:
        0, or 2 when a file or the choice of environments is invalid.
    """
    names = str(app.node.try_get_context("env") or "dev").split(",")
    try:
        delivery = _read(checkout / "delivery.yaml")
        environments = [
            load(
                name, folder=checkout / "environments", today=versions.RELEASED, clock=date.today()
            )
            for name in names
        ]
        if len({(settings.account, settings.region) for settings in environments}) > 1:
            raise ValueError(
                f"{', '.join(names)} differ in account or region. Deploy the roles of each account by themselves."
            )
        if len({settings.production for settings in environments}) > 1:
            raise ValueError(
                f"{', '.join(names)} mix production and others in one account. A job has all rights of its account's bootstrap:"
                " that of another environment would change production without its approval. Give production an account of its own."
            )
        DeliveryStack(app, delivery=delivery, environments=environments)
    except (SettingsError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    compliance.register(app)
    app.synth()
    return 0


def _read(file: Path) -> Delivery:
    try:
        return Delivery(
            **{key: value for key, value in mapping_in(file).items() if value is not None}
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(
            f"{file.name}: {where}: {first['msg']}. docs/ci-cd.md describes the keys."
        ) from None


if __name__ == "__main__":
    run_command(lambda: main(cdk.App()))
