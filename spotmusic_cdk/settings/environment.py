"""What an environment file may say as a whole, and the checks that span its sections."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator, model_validator

from spotmusic_cdk.settings.data import DataSettings, RegistrySettings
from spotmusic_cdk.settings.edge import EdgeSettings
from spotmusic_cdk.settings.kubernetes import KubernetesSettings
from spotmusic_cdk.settings.model import Model, Name
from spotmusic_cdk.settings.network import DomainSettings, NetworkSettings
from spotmusic_cdk.settings.observability import ObservabilitySettings
from spotmusic_cdk.settings.services import RESOURCES, ServiceName, ServiceSettings


class Settings(Model):
    """One environment: everything that a user turns, typed and checked."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{1,11}$")]
    """Name of the environment, the same as its file's; it is part of stack names and of the Parameter Store path."""
    production: bool = False
    """Whether listeners depend on it: turns on the checks and protections that cost money or patience."""
    account: Annotated[str, StringConstraints(pattern=r"^\d{12}$")] | None = None
    """AWS account; the one that the CDK CLI is logged in to when left out."""
    region: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] = "sa-east-1"
    """Home region, where all personal data stays."""
    zones: tuple[str, ...]
    """Availability zones, three where the region has them: written down, so that synthesis looks nothing up."""
    owner: Name = "platform"
    """Team that answers for it (tag Owner)."""
    cost_center: Name = "streaming"
    """Where its cost is booked (tag CostCenter)."""
    domain: DomainSettings | None = None
    """Public domain; without one CloudFront's own name and certificate serve the platform."""
    network: NetworkSettings = NetworkSettings()
    registry: RegistrySettings = RegistrySettings()
    data: DataSettings = DataSettings()
    kubernetes: KubernetesSettings = KubernetesSettings()
    services: dict[ServiceName, ServiceSettings] = Field(default_factory=dict, max_length=40)
    edge: EdgeSettings = EdgeSettings()
    observability: ObservabilitySettings = ObservabilitySettings()

    @property
    def private_domain(self) -> str:
        """Name of the private hosted zone: below the public domain, where a public certificate can be had for it."""
        return f"internal.{self.domain.name}" if self.domain else f"{self.name}.spotmusic.internal"

    @property
    def deletes_data(self) -> bool:
        """Whether data goes with its stack: only where the environment says so twice."""
        return self.data.removal_policy == "destroy" and self.data.allow_data_destruction

    @model_validator(mode="after")
    def _sections_fit_together(self) -> "Settings":
        problems = list(_problems(self))
        if problems:
            raise ValueError("\n".join(problems))
        return self


def _problems(settings: Settings) -> Iterator[str]:
    yield from _zone_problems(settings)
    yield from _service_problems(settings)
    yield from _data_problems(settings)
    if settings.production:
        yield from _production_problems(settings)


def _zone_problems(settings: Settings) -> Iterator[str]:
    zones = settings.zones
    if not 2 <= len(zones) <= 3 or len(set(zones)) != len(zones):
        yield f"zones: {', '.join(zones) or 'none'} are not two or three different zones. Name three where the region has them."
    for zone in zones:
        if not (zone.startswith(settings.region) and zone[len(settings.region) :].isalpha()):
            yield f"zones: {zone} is not a zone of {settings.region}. Use names such as {settings.region}a, or change region."
    if settings.network.nat_gateways not in (1, len(zones)):
        yield f"network.nat_gateways: {settings.network.nat_gateways} is neither 1 nor one for each of the {len(zones)} zones. Use 1 or {len(zones)}."


def _service_problems(settings: Settings) -> Iterator[str]:
    services = settings.services
    routes: dict[str, str] = {}
    for name, service in services.items():
        if name in RESOURCES:
            yield f"services.{name}: the name means a resource in talks_to. Choose another."
        for target in service.talks_to:
            if target not in RESOURCES and (target not in services or target == name):
                yield f"services.{name}.talks_to: {target} is neither another service nor one of {', '.join(RESOURCES)}. Correct or remove it."
            elif target in services and services[target].port is None:
                yield f"services.{name}.talks_to: {target} has no port to talk to. Give services.{target} a port."
        if service.route is None:
            continue
        if service.route in routes:
            yield f"services.{name}.route: {service.route} leads to {routes[service.route]} already. Give each service its own route."
        routes.setdefault(service.route, name)


def _data_problems(settings: Settings) -> Iterator[str]:
    for key, database in (("catalogue", settings.data.catalogue), ("identity", settings.data.identity)):
        if database.max_storage_gib < database.storage_gib * 1.1:
            yield f"data.{key}.max_storage_gib: {database.max_storage_gib} is not 10% above storage_gib {database.storage_gib}. Raise it (RDS storage autoscaling)."
    if settings.data.removal_policy == "destroy" and not settings.data.allow_data_destruction:
        yield "data.removal_policy: destroy deletes data with its stack. Set data.allow_data_destruction: true as well if that is meant, or use retain."


def _production_problems(settings: Settings) -> Iterator[str]:
    if settings.data.removal_policy != "retain" or settings.data.allow_data_destruction:
        yield "data.removal_policy: production data must outlive its stack. Use retain and leave allow_data_destruction out."
    if settings.domain is None:
        yield "domain: production needs one, for certificates and logins. Set domain.name and domain.hosted_zone_id."
    if len(settings.zones) < 3:
        yield "zones: production stands in three. Name three zones, or choose a region that has them."
    if settings.network.nat_gateways != len(settings.zones):
        yield f"network.nat_gateways: production needs one per zone. Use {len(settings.zones)}."
    for key, database in (("catalogue", settings.data.catalogue), ("identity", settings.data.identity)):
        if not database.multi_az:
            yield f"data.{key}.multi_az: production survives the loss of a zone. Use true."
        if database.backup_retention_days < 14:
            yield f"data.{key}.backup_retention_days: production keeps at least 14 days. Use 14 to 35."
    if settings.data.cache.replicas < 2:
        yield "data.cache.replicas: production has a node in every zone. Use 2 or more."
    if settings.kubernetes.kong.min_replicas < 3:
        yield "kubernetes.kong.min_replicas: production has one per zone. Use 3 or more."
    if not settings.observability.alarm_emails:
        yield "observability.alarm_emails: nobody would hear an alarm. Name at least one address."
    for name, service in settings.services.items():
        if service.scaling.min < 3:
            yield f"services.{name}.scaling.min: production runs a task in every zone. Use 3 or more."


def overlapping(one: Settings, other: Settings) -> bool:
    """Tells whether two environments' address ranges overlap, which would forbid to ever connect them."""
    return IPv4Network(one.network.cidr).overlaps(IPv4Network(other.network.cidr))
