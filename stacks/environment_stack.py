"""What every stack of an environment shares: its name, its place, its zones and its tags."""

import aws_cdk as cdk
from constructs import Construct

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.log_retention import LogRetention, retention_of
from spotmusic_constructs.services.ingress import UNTAGGED


class EnvironmentStack(cdk.Stack):
    """A stack of one environment, in its home region unless told otherwise.

    Args:
        settings: the environment.
        region: AWS region; the environment's home region when left out.
        data_class: most sensitive class of data in the stack, for the tag DataClass.
        description: what the stack is for.

    Attributes:
        log_retention: retention of every log group in the stack.
        common_tags: tags of everything in the stack, for what is made later by what is in it.
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
            stack_name=settings.stack_name(construct_id),
            env=cdk.Environment(account=settings.account, region=region or settings.region),
            description=description,
            termination_protection=settings.production,
            cross_region_references=region is not None,
        )
        self.log_retention = LogRetention(
            access=retention_of(settings.observability.access_log_days), security=retention_of(settings.observability.security_log_days)
        )
        if region is not None:
            # CloudFormation exports values within a region only (docs/adr/0001).
            cdk.CrossStackReferences.of(self).consume(cdk.ReferenceStrength.WEAK)
        self._zones = list(settings.zones)
        self._deletes_data = settings.deletes_data
        self.common_tags = {
            **settings.identifying_tags,
            "Owner": settings.owner,
            "CostCenter": settings.cost_center,
            "DataClass": data_class,
            **settings.tags,
        }
        stack_tags = cdk.Tags.of(self)
        for key, value in self.common_tags.items():
            stack_tags.add(key, value, exclude_resource_types=list(UNTAGGED))

    @property
    def availability_zones(self) -> list[str]:
        """The zones of the environment file: CDK's own would be looked up with credentials."""
        return self._zones

    @property
    def data_removal(self) -> cdk.RemovalPolicy:
        """What becomes of data when its stack goes: it stays, unless the environment says twice that it may go."""
        return self._removal(cdk.RemovalPolicy.RETAIN)

    @property
    def retain_except_on_create(self) -> cdk.RemovalPolicy:
        """The same for data under a name that AWS demands, but a first deployment that failed leaves nothing in the way of the next."""
        return self._removal(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)

    @property
    def snapshot_on_delete(self) -> cdk.RemovalPolicy:
        """The same for databases and caches: a last snapshot keeps the data, costs little, and does not stand in the way either."""
        return self._removal(cdk.RemovalPolicy.SNAPSHOT)

    def _removal(self, kept: cdk.RemovalPolicy) -> cdk.RemovalPolicy:
        return cdk.RemovalPolicy.DESTROY if self._deletes_data else kept

    @property
    def stack_id_suffix(self) -> str:
        """Eight characters that are new each time the stack is created.

        They end the names that AWS demands: what a retain policy kept of an earlier creation then stands in nobody's way.
        """
        identifier = cdk.Fn.select(2, cdk.Fn.split("/", self.stack_id))
        return cdk.Fn.select(0, cdk.Fn.split("-", identifier))
