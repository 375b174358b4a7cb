"""Environment on its game day, and the remaining capacity of its components."""

from dataclasses import KW_ONLY, dataclass
from functools import cached_property

from spotmusic_cdk.settings import Settings
from tools.gameday.services import Service, services_of
from tools.gameday.workloads import Workload, workloads_of
from tools.load import Load, load_of
from tools.model.assembly import Assembly, Resource
from tools.model.cluster import RenderedCluster


@dataclass(frozen=True)
class RemainingCapacity:
    """Figure of one component under one fault.

    Args:
        component: component, such as `kong`.
        what: unit of the number.
        left: remaining number.
        needed: number that the objective requires.
        fix: remedy if the remaining number is too low.
    """

    component: str
    what: str
    _: KW_ONLY
    left: float
    needed: float
    fix: str

    @property
    def suffices(self) -> bool:
        return self.left >= self.needed

    def __str__(self) -> str:
        numbers = f"{self.left:g} {self.what} left, {self.needed:g} needed"
        short = f"{self.needed - self.left:g} short"
        return f"{self.component}: {numbers}, {short}. {self.fix}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Scenario:
    """Environment on its game day.

    Args:
        platform: templates of the environment.
        cluster: Kubernetes objects of the environment.
    """

    platform: Assembly
    cluster: RenderedCluster

    @property
    def settings(self) -> Settings:
        return self.platform.settings

    @property
    def zones(self) -> int:
        return len(self.settings.zones)

    @cached_property
    def load(self) -> Load:
        """Load of the busiest minute."""
        listeners = self.settings.capacity.listeners
        assert listeners, (
            "a game day requires listeners. Declare capacity.listeners in the environment file"
        )
        return load_of(self.settings, listeners)

    @cached_property
    def services(self) -> list[Service]:
        return services_of(self.platform, self.load)

    @cached_property
    def workloads(self) -> dict[str, Workload]:
        return workloads_of(self.cluster)

    @cached_property
    def databases(self) -> dict[str, Resource]:
        return {
            database.tags["Component"]: database
            for database in self._instances
            if not database["SourceDBInstanceIdentifier"]
        }

    @cached_property
    def readers(self) -> list[Resource]:
        """Read replicas of the catalogue."""
        return [database for database in self._instances if database["SourceDBInstanceIdentifier"]]

    @cached_property
    def _instances(self) -> list[Resource]:
        return list(self.platform.some("AWS::RDS::DBInstance"))

    @cached_property
    def cache(self) -> Resource:
        """Shared cache; caches of single clients have the same settings."""
        return self.platform.some("AWS::ElastiCache::ReplicationGroup")[0]

    def values(self, release: str) -> dict[str, object]:
        return self.cluster.releases[release].values
