"""Application services of an environment, with the resources of each in the template."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from spotmusic_cdk.settings.services import ServiceSettings
from tools.model.assembly import Assembly, Resource
from tools.model.values import Json

TASK = "AWS::ECS::TaskDefinition"


@dataclass(frozen=True, kw_only=True, eq=False)
class Service:
    """Application service.

    Args:
        name: name in the environment file.
        settings: its entry in the environment file.
        resource: the ECS service.
        definition: its task definition.
    """

    name: str
    settings: ServiceSettings
    resource: Resource
    definition: Resource

    @property
    def container(self) -> Json:
        (container,) = self.definition["ContainerDefinitions"]
        found: Json = container
        return found

    @property
    def environment(self) -> dict[str, str]:
        return environment_of(self.definition, self.container)

    @property
    def secrets(self) -> dict[str, str]:
        """References to secrets and parameters by name in the container."""
        return {
            entry["Name"]: self.text(entry["ValueFrom"])
            for entry in self.container.get("Secrets", [])
        }

    @property
    def security_groups(self) -> list[Resource]:
        return self.resource.targets("NetworkConfiguration.AwsvpcConfiguration.SecurityGroups")

    @property
    def subnets(self) -> list[Resource]:
        return self.resource.targets("NetworkConfiguration.AwsvpcConfiguration.Subnets")

    @property
    def target_groups(self) -> list[Resource]:
        """Target groups of its tasks, including those of a new version."""
        paths = ("TargetGroupArn", "AdvancedConfiguration.AlternateTargetGroupArn")
        places = (
            f"LoadBalancers.{index}.{path}"
            for index in range(len(self.resource["LoadBalancers"] or []))
            for path in paths
        )
        return [group for place in places if (group := self.resource.target(place))]

    def text(self, value: object) -> str:
        return self.resource.platform.text(self.resource.stack, value)


@cache
def services_of(platform: Assembly) -> tuple[Service, ...]:
    """Services of the environment file, each with its ECS service. Missing or additional services
    are an error.
    """
    found = {}
    for resource in platform.some("AWS::ECS::Service"):
        definition = resource.target("TaskDefinition")
        assert definition, f"{resource}: its task definition is not one of this platform"
        name = environment_of(definition, definition["ContainerDefinitions.0"] or {}).get(
            "SERVICE", ""
        )
        assert name in platform.settings.services, (
            f"{definition}: SERVICE names no service of the environment file"
        )
        found[name] = Service(
            name=name,
            settings=platform.settings.services[name],
            resource=resource,
            definition=definition,
        )
    assert found.keys() == platform.settings.services.keys(), (
        f"{platform.name}: the environment file and the template differ in services"
    )
    return tuple(found.values())


def containers(platform: Assembly) -> Iterator[tuple[Resource, Json]]:
    """Containers of all task definitions."""
    for definition in platform.some(TASK):
        for container in definition["ContainerDefinitions"]:
            yield definition, container


def environment_of(definition: Resource, container: Json) -> dict[str, str]:
    return {
        entry["Name"]: definition.platform.text(definition.stack, entry["Value"])
        for entry in container.get("Environment", [])
    }
