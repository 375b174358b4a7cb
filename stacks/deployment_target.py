"""Rights of CI/CD jobs on an environment: regions and image repositories."""

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.delivery.deployment_roles import DeploymentTarget
from spotmusic_constructs.edge_region import EDGE_REGION

HASH = "????????"
"""CDK appends eight hexadecimal digits to a logical id, CloudFormation a suffix to a name."""


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
