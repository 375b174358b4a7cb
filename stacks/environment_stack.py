"""What every stack of an environment shares: its name, its place, its zones and its tags."""

import aws_cdk as cdk
from constructs import Construct

from spotmusic_cdk.settings import Settings

EDGE_REGION = "us-east-1"
"""Region of CloudFront's web ACLs and certificates; no other will do (AWS WAF developer guide, scope CLOUDFRONT)."""


class EnvironmentStack(cdk.Stack):
    """A stack of one environment, in its home region unless told otherwise.

    Args:
        settings: the environment.
        region: AWS region; the environment's home region when left out.
        data_class: most sensitive class of data in the stack, for the tag DataClass.
        description: what the stack is for.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        data_class: str,
        description: str,
        region: str | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=f"spotmusic-{settings.name}-{construct_id}",
            env=cdk.Environment(account=settings.account, region=region or settings.region),
            description=description,
            termination_protection=settings.production,
            cross_region_references=region is not None,
        )
        self._zones = list(settings.zones)
        tags = {
            "Project": "spotmusic",
            "Env": settings.name,
            "Owner": settings.owner,
            "CostCenter": settings.cost_center,
            "DataClass": data_class,
        }
        stack_tags = cdk.Tags.of(self)
        for key, value in tags.items():
            stack_tags.add(key, value)

    @property
    def availability_zones(self) -> list[str]:
        """The zones of the environment file: CDK's own would be looked up with credentials."""
        return self._zones

    @property
    def creation(self) -> str:
        """Eight characters that are new each time the stack is created.

        They end the names that AWS demands: what a retain policy kept of an earlier creation then stands in nobody's way.
        """
        identifier = cdk.Fn.select(2, cdk.Fn.split("/", self.stack_id))
        return cdk.Fn.select(0, cdk.Fn.split("-", identifier))
