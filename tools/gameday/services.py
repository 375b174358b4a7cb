"""The services on ECS: how many tasks the busiest minute has, what they carry, and what they hold of the catalogue."""

from dataclasses import dataclass
from math import ceil

from spotmusic_cdk.settings.services import ServiceSettings
from tests.model.assembly import Assembly, Resource
from tests.model.values import Json

TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"


@dataclass(frozen=True, kw_only=True)
class Service:
    """One service.

    Args:
        name: its name.
        settings: what the environment says of it.
        resource: the service in the template.
        task: its task definition.
        most: tasks that scaling runs at the most.
    """

    name: str
    settings: ServiceSettings
    resource: Resource
    task: Resource
    most: int

    @property
    def at_peak(self) -> int:
        """Tasks of the busiest minute, as many as scaling may run."""
        return min(self.settings.tasks_at_peak, self.most)

    @property
    def cpu(self) -> int:
        """Cpu units of a task."""
        return int(self.task["Cpu"])

    @property
    def peak_cpu(self) -> int:
        """Cpu units that the busiest minute keeps busy."""
        peak = self.settings.peak
        return ceil(peak.per_second / peak.per_task * self.cpu) if peak else 0

    @property
    def in_zones(self) -> set[str]:
        """Zones in which tasks are placed."""
        return {subnet["AvailabilityZone"] for subnet in self.resource.targets("NetworkConfiguration.AwsvpcConfiguration.Subnets")}

    def lost_with_zone(self, tasks: int) -> int:
        """Tasks that stand in one zone: ECS spreads them evenly, and puts that right again where it is told to."""
        balanced = self.resource["AvailabilityZoneRebalancing"] == "ENABLED" and self.in_zones
        return ceil(tasks / len(self.in_zones)) if balanced else tasks

    @property
    def connections(self) -> int | None:
        """Connections to the catalogue that a task may hold; 0 without the database, none where nothing bounds them."""
        variables: list[Json] = self.task["ContainerDefinitions.0.Environment"] or []
        said = {variable["Name"]: variable["Value"] for variable in variables}
        words = [word.upper() for word in ("catalogue", "database") if word in self.settings.talks_to]
        told = [said[f"{word}_CONNECTIONS"] for word in words if f"{word}_CONNECTIONS" in said]
        # One pool serves both words.
        return max(map(int, told), default=0) if len(told) == len(words) else None


def services_of(platform: Assembly) -> list[Service]:
    """Every service of an environment."""
    tasks = {resource: resource.target("TaskDefinition") for resource in platform.some("AWS::ECS::Service")}
    by_name = {_name(task): (resource, task) for resource, task in tasks.items() if task}
    return [
        Service(name=name, settings=settings, resource=by_name[name][0], task=by_name[name][1], most=_most(by_name[name][0]))
        for name, settings in platform.settings.services.items()
    ]


def _name(task: Resource) -> str:
    return next(str(variable["Value"]) for variable in task["ContainerDefinitions.0.Environment"] if variable["Name"] == "SERVICE")


def _most(service: Resource) -> int:
    (target,) = service.platform.users_of(service, TARGET)
    return int(target["MaxCapacity"])
