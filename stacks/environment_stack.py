"""Common name, region, zones and tags of the stacks of an environment."""

from collections.abc import Mapping
from functools import cached_property

import aws_cdk as cdk
from constructs import Construct

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.location import place
from spotmusic_constructs.log_retention import LogRetention, retention_of
from spotmusic_constructs.tagging import UNTAGGED


def common_tags(settings: Settings, **own: str) -> dict[str, str]:
    """Return the tags of an environment, and additional tags of one of its stacks."""
    return {
        **settings.identifying_tags,
        "Owner": settings.owner,
        "CostCenter": settings.cost_center,
        **own,
        **settings.tags,
    }


def tag(scope: Construct, tags: Mapping[str, str]) -> None:
    """Tag all resources of a stage or stack, except the types in `UNTAGGED`."""
    of_scope = cdk.Tags.of(scope)
    for key, value in tags.items():
        of_scope.add(key, value, exclude_resource_types=list(UNTAGGED))


class EnvironmentStack(cdk.Stack):
    """Stack of one environment, by default in its home region.

    Args:
        settings: the environment.
        region: AWS region (default: home region of the environment).
        data_class: most sensitive class of data in the stack, for the tag `DataClass`.
        description: purpose of the stack.

    Attributes:
        log_retention: retention of every log group in the stack.
        common_tags: tags of stack and environment, for resources that are created at run time.
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
        place(
            self,
            stack_name=settings.stack_name(construct_id),
            region=region or settings.region,
            account=settings.account,
        )
        self.log_retention = LogRetention(
            access=retention_of(settings.observability.access_log_days),
            security=retention_of(settings.observability.security_log_days),
        )
        if region is not None:
            # CloudFormation exports values within a region only (docs/adr/0001).
            cdk.CrossStackReferences.of(self).consume(cdk.ReferenceStrength.WEAK)
        self._zones = list(settings.zones)
        self._deletes_data = settings.deletes_data
        # The stage has the other tags.
        tag(self, {"DataClass": data_class})
        self.common_tags = common_tags(settings, DataClass=data_class)

    @property
    def availability_zones(self) -> list[str]:
        """Zones of the environment file. The look-up of CDK would require credentials."""
        return self._zones

    @property
    def data_removal(self) -> cdk.RemovalPolicy:
        """Removal policy of data: retain, unless two settings allow its destruction."""
        return self._removal(cdk.RemovalPolicy.RETAIN)

    @property
    def retain_except_on_create(self) -> cdk.RemovalPolicy:
        """Removal policy of named data: `data_removal`, but delete if the creation fails."""
        return self._removal(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)

    @property
    def snapshot_on_delete(self) -> cdk.RemovalPolicy:
        """Removal policy of databases and caches: final snapshot, unless data may be lost."""
        return self._removal(cdk.RemovalPolicy.SNAPSHOT)

    def _removal(self, kept: cdk.RemovalPolicy) -> cdk.RemovalPolicy:
        return cdk.RemovalPolicy.DESTROY if self._deletes_data else kept

    @cached_property
    def stack_id_suffix(self) -> str:
        """First eight characters of the stack's UUID, which differs between creations.

        As a suffix of required names, it prevents conflicts with retained resources of an earlier
        creation.
        """
        identifier = {"Fn::Select": [2, {"Fn::Split": ["/", self.stack_id]}]}
        return cdk.Token.as_string({"Fn::Select": [0, {"Fn::Split": ["-", identifier]}]})
