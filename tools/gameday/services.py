"""ECS services: tasks and capacity in the busiest minute, and connections to the catalogue."""

from dataclasses import dataclass
from math import ceil

from spotmusic_cdk.settings.services import ServiceSettings
from tools.load import Load
from tools.load.components import ServiceLoad
from tools.model.assembly import Assembly, Resource
from tools.model.holders import service_of
from tools.model.values import Json

TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"


@dataclass(frozen=True, kw_only=True)
class Service:
    """ECS service.

    Args:
        name: name of the service.
        settings: settings of the service.
        resource: the service in the template.
        task: task definition of the service.
        most: maximum number of tasks.
        load: load of the busiest minute.
    """

    name: str
    settings: ServiceSettings
    resource: Resource
    task: Resource
    most: int
    load: ServiceLoad

    @property
    def at_peak(self) -> int:
        """Tasks of the busiest minute: the maximum of scaling."""
        return min(self.load.tasks, self.most)

    @property
    def cpu(self) -> int:
        """CPU units of a task."""
        return int(self.task["Cpu"])

    @property
    def peak_cpu(self) -> int:
        """CPU units in use in the busiest minute."""
        return ceil(self.load.busy_tasks * self.cpu)

    @property
    def in_zones(self) -> set[str]:
        """Zones in which tasks are placed."""
        return {
            subnet["AvailabilityZone"]
            for subnet in self.resource.targets("NetworkConfiguration.AwsvpcConfiguration.Subnets")
        }

    def lost_with_zone(self, tasks: int) -> int:
        """Tasks in one zone; ECS spreads them evenly, and rebalances if configured."""
        balanced = self.resource["AvailabilityZoneRebalancing"] == "ENABLED" and self.in_zones
        return ceil(tasks / len(self.in_zones)) if balanced else tasks

    @property
    def only_reads(self) -> bool:
        """True if read replicas answer all queries of the service."""
        return self.settings.only_reads

    @property
    def connections(self) -> int | None:
        """Maximum connections of a task to the catalogue.

        0 without the database, None if unlimited.
        """
        variables: list[Json] = self.task["ContainerDefinitions.0.Environment"] or []
        environment = {variable["Name"]: variable["Value"] for variable in variables}
        words = [
            word.upper() for word in ("catalogue", "database") if word in self.settings.talks_to
        ]
        limits = [
            environment[f"{word}_CONNECTIONS"]
            for word in words
            if f"{word}_CONNECTIONS" in environment
        ]
        # Both words share one pool.
        return max(map(int, limits), default=0) if len(limits) == len(words) else None


def services_of(platform: Assembly, load: Load) -> list[Service]:
    """Return the services of an environment."""
    tasks = {
        resource: resource.target("TaskDefinition")
        for resource in platform.some("AWS::ECS::Service")
    }
    by_name = {service_of(task): (resource, task) for resource, task in tasks.items() if task}
    return [
        Service(
            name=name,
            settings=settings,
            resource=by_name[name][0],
            task=by_name[name][1],
            most=_most(by_name[name][0]),
            load=load.services[name],
        )
        for name, settings in platform.settings.services.items()
    ]


def _most(service: Resource) -> int:
    (target,) = service.platform.users_of(service, TARGET)
    return int(target["MaxCapacity"])
