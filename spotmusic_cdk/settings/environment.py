"""Environment file as a whole."""

from functools import cached_property
from typing import Annotated

from pydantic import Field, StringConstraints

from spotmusic_cdk.settings.brokers import (
    QueueSettings,
    TopicSettings,
    queues_of,
    talking_to,
    topics_of,
)
from spotmusic_cdk.settings.capacity import CapacitySettings
from spotmusic_cdk.settings.data import DataSettings, RegistrySettings
from spotmusic_cdk.settings.identity import IdentitySettings, MailSettings
from spotmusic_cdk.settings.kubernetes import KubernetesSettings
from spotmusic_cdk.settings.model import (
    Model,
    Name,
    PolicyReference,
    TagKey,
    TagText,
    UnorderedKeys,
)
from spotmusic_cdk.settings.network import DomainSettings, EdgeSettings, NetworkSettings
from spotmusic_cdk.settings.observability import (
    ObservabilitySettings,
    OperatorsSettings,
    ResilienceSettings,
)
from spotmusic_cdk.settings.services import ServiceSettings
from spotmusic_cdk.settings.usage import UsageSettings

PROJECT = "spotmusic"
"""Name of the platform: prefix of stack and resource names, name of the realm, and value of the tag
`Project`."""


class Settings(Model):
    """Settings of one environment."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{1,11}$")]
    """Name of the environment, equal to the name of the file. It is part of stack names and of the
    Parameter Store path."""
    production: bool = False
    """Production environment: enables the checks and protections that listeners depend on."""
    account: Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")] | None = None
    """AWS account. Default: the account of the CDK CLI's login."""
    region: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,4}(-[a-z]{2,12})+-[0-9]$")] = (
        "sa-east-1"
    )
    """Home region, which stores all personal data."""
    zones: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$", max_length=32)], ...]
    """Availability zones, three where the region has them. The file lists them so that synthesis
    needs no look-up."""
    owner: Name = "platform"
    """Team that is responsible for the environment (tag Owner)."""
    cost_center: TagText = "streaming"
    """Cost center (tag CostCenter), such as KST-4711; a number in quotes, such as "100234"."""
    tags: Annotated[dict[TagKey, TagText], Field(max_length=10), UnorderedKeys] = Field(
        default_factory=dict
    )
    """Further tags of all resources, such as `DataOwner: music-rights`: at most 10, with keys of
    127 and values of 255 letters, digits, spaces and `+ - = . _ : / @`. A number needs quotes. A
    changed tag replaces the nodes of the cluster one by one (docs/changes.md)."""
    permissions_boundary: PolicyReference | None = None
    """Managed policy that bounds the rights of every IAM role of the environment: its name in this
    account, or its ARN. The policy must exist before the deployment, and must allow what the roles
    do."""
    domain: DomainSettings | None = None
    """Public domain. Default: name and certificate of CloudFront."""
    network: NetworkSettings = NetworkSettings()
    registry: RegistrySettings = RegistrySettings()
    data: DataSettings = DataSettings()
    kubernetes: KubernetesSettings = KubernetesSettings()
    identity: IdentitySettings = IdentitySettings()
    mail: MailSettings | None = None
    services: Annotated[dict[Name, ServiceSettings], UnorderedKeys] = Field(default_factory=dict)
    """Application services by name. A name cannot be changed: to rename a service, add a second one
    (docs/changes.md)."""
    edge: EdgeSettings = EdgeSettings()
    observability: ObservabilitySettings = ObservabilitySettings()
    operators: OperatorsSettings = OperatorsSettings()
    resilience: ResilienceSettings = ResilienceSettings()
    capacity: CapacitySettings = CapacitySettings()
    usage: UsageSettings = UsageSettings()

    @property
    def resource_prefix(self) -> str:
        """Prefix of the names that AWS requires, and name of the EKS cluster, such as
        `spotmusic-prod`.
        """
        return f"{PROJECT}-{self.name}"

    @property
    def parameter_path(self) -> str:
        """Root of the environment's parameters in Parameter Store, such as `/spotmusic/prod`."""
        return f"/{PROJECT}/{self.name}"

    @property
    def identifying_tags(self) -> dict[str, str]:
        """Tags that identify resources of the environment."""
        return {"Project": PROJECT, "Env": self.name}

    def stack_name(self, stack: str) -> str:
        """Name of a stack in CloudFormation, such as `spotmusic-prod-data`."""
        return f"{self.resource_prefix}-{stack}"

    @property
    def realm(self) -> str:
        """Name of the Keycloak realm of listeners and staff."""
        return PROJECT

    @property
    def private_domain(self) -> str:
        """Name of the private hosted zone. It is below the public domain, for which public
        certificates are available.
        """
        return f"internal.{self.domain.name}" if self.domain else f"{self.name}.spotmusic.internal"

    @property
    def public_url(self) -> str:
        """Public address of the platform, part of every link, redirect and token.

        Without a domain, it is the name of the distribution if `edge.distribution_domain_name` is
        set, and otherwise the name of the gateway inside the VPC.
        """
        name = self.domain.name if self.domain else self.edge.distribution_domain_name
        return f"https://{name}" if name else f"http://gateway.{self.private_domain}"

    @property
    def issuer(self) -> str:
        """Issuer of tokens, exactly as the tokens contain it."""
        return f"{self.public_url}/auth/realms/{self.realm}"

    @property
    def authority_parameter(self) -> str | None:
        """Parameter with the certificate authority of the brokers. None with a domain, because
        clients trust its certificate.
        """
        return None if self.domain else f"{self.parameter_path}/internal-authority"

    @property
    def deletes_data(self) -> bool:
        """True if data is deleted with its stack, which requires two settings."""
        return self.data.removal_policy == "destroy" and self.data.allow_data_destruction

    @cached_property
    def kept(self) -> "Settings":
        """Environment with retired services and connections, which producers serve until the second
        deployment.
        """
        return self.model_copy(
            update={"services": {name: service.kept for name, service in self.services.items()}}
        )

    @cached_property
    def running(self) -> "Settings":
        """Environment without retired services and connections."""
        return self.model_copy(
            update={
                "services": {
                    name: found.running
                    for name, found in self.services.items()
                    if not found.retired
                }
            }
        )

    @cached_property
    def topics(self) -> dict[str, TopicSettings]:
        """Topics of the event stream by name, with services of this environment only."""
        return topics_of(self.kubernetes.redpanda, self.services)

    @cached_property
    def queues(self) -> dict[str, QueueSettings]:
        """Queues of tasks by name, with their publishers and consumers."""
        return queues_of(self.kubernetes.rabbitmq, self.services)

    @property
    def named_secrets(self) -> dict[str, str]:
        """ARNs of secrets created outside the platform, by their key in the file."""
        registry, identity = self.registry, self.identity
        tiered = self.kubernetes.redpanda.tiered_storage
        named = {
            "registry.docker_hub_credentials": registry.docker_hub_credentials,
            "registry.github_credentials": registry.github_credentials,
            "identity.email.secret": identity.email and identity.email.secret,
            **{
                f"identity.providers.{name}.secret": provider.secret
                for name, provider in identity.providers.items()
            },
            "kubernetes.redpanda.tiered_storage.license_secret": tiered and tiered.license_secret,
            **{
                f"services.{name}.secrets.{key}": arn
                for name, service in self.services.items()
                for key, arn in service.secrets.items()
            },
        }
        return {key: arn for key, arn in named.items() if arn}

    def services_talking_to(self, resource: str) -> tuple[str, ...]:
        """Return the names of the services with a resource in their `talks_to`."""
        return talking_to(resource, self.services)

    @property
    def services_of_catalogue(self) -> tuple[str, ...]:
        """Names of the services with a user on the server of the catalogue."""
        return tuple(
            name for name, service in self.services.items() if "catalogue" in service.connections
        )

    @property
    def catalogue_owner(self) -> str | None:
        """Name of the service that changes the tables of the shared catalogue."""
        return next((name for name, service in self.services.items() if service.migrations), None)

    @property
    def migrated_by(self) -> str | None:
        """Name of `catalogue_owner` if it has an image, which contains the migrations."""
        owner = self.services.get(self.catalogue_owner or "")
        return self.catalogue_owner if owner and owner.has_image else None
