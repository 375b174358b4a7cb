"""`npx cdk deploy --app ".venv/bin/python -m stacks.delivery" -c env=dev`: roles of CI/CD jobs.

A separate application with one stack in each account, because jobs need the roles before they can
deploy the first environment.
"""

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import aws_cdk as cdk

from spotmusic_cdk import versions
from spotmusic_cdk.command_line import run_command
from spotmusic_cdk.settings import Settings, SettingsError, load
from spotmusic_constructs.delivery.deployment_roles import DeploymentRoles
from stacks import compliance
from stacks.deployment_target import target
from stacks.environment_stack import common_tags, tag
from stacks.platform import boundary_of
from stacks.trusted_jobs import Delivery, trusted_jobs

CHECKOUT = Path.cwd()


class DeliveryStack(cdk.Stack):
    """Roles of CI/CD jobs for the environments of one account.

    Args:
        delivery: trusted jobs.
        environments: environments of the account. The stack is in the region of the first; its
            roles have no region.

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
        tags = common_tags(first, DataClass="internal")
        tag(self, {key: value for key, value in tags.items() if key != "Env"})
        self.roles = DeploymentRoles(
            self,
            "Roles",
            trust=delivery.trust,
            pull_requests=delivery.pull_requests,
            provider_arn=self._existing_provider(delivery, environments),
            environments={settings.name: target(settings) for settings in environments},
        )

    def _existing_provider(
        self, delivery: Delivery, environments: Sequence[Settings]
    ) -> str | None:
        if not {settings.name for settings in environments} & set(delivery.existing_provider):
            return None
        return self.format_arn(
            service="iam",
            region="",
            resource="oidc-provider",
            resource_name=delivery.trust.issuer,
        )


def main(app: cdk.App, checkout: Path = CHECKOUT) -> int:
    """Synthesize the stack for the environments of the context.

    Args:
        app: the application. Its context `env` is a comma-separated list of environments of one
            account, either all production or none (default: `dev`).
        checkout: folder of `delivery.yaml` and the environments.

    Returns:
        0, or 2 when a file or the choice of environments is invalid.
    """
    names = str(app.node.try_get_context("env") or "dev").split(",")
    try:
        delivery = trusted_jobs(checkout / "delivery.yaml")
        environments = _environments(names, checkout / "environments")
        DeliveryStack(app, delivery=delivery, environments=environments)
    except (SettingsError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    compliance.register(app)
    app.synth()
    return 0


def _environments(names: Sequence[str], folder: Path) -> list[Settings]:
    environments = [
        load(name, folder=folder, today=versions.RELEASED, clock=date.today()) for name in names
    ]
    if len({settings.account for settings in environments}) > 1:
        raise ValueError(
            f"{', '.join(names)} differ in account. Deploy the roles of each account separately."
        )
    if len({settings.production for settings in environments}) > 1:
        raise ValueError(
            f"{', '.join(names)} mix production and others in one account. "
            "A job has all rights of its account's bootstrap, so jobs of other environments "
            "would change production without its approval. Use a separate account for production."
        )
    return environments


if __name__ == "__main__":
    run_command(lambda: main(cdk.App()))
