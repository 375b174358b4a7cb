"""The kubernetes section of an environment file: the cluster and the components that run on it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from spotmusic_cdk.settings.model import Arn, Gibibytes, Model


class RedpandaSettings(Model):
    """The event streaming cluster."""

    brokers: Annotated[int, Field(ge=3, le=9)] = 3
    """Brokers, an odd number: three keep a quorum when a zone is lost."""
    cpu: Annotated[int, Field(ge=1, le=32)] = 1
    """Cores per broker."""
    memory_gib: Gibibytes = 4
    """Memory per broker, in GiB; Redpanda asks for at least 2 per core."""
    storage_gib: Gibibytes = 50
    """gp3 volume per broker, in GiB."""

    @field_validator("brokers")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError(f"{value} brokers keep no better quorum than {value - 1}. Use an odd number.")
        return value


class RabbitMQSettings(Model):
    """The task queue cluster, always three nodes for its quorum queues."""

    memory_gib: Gibibytes = 2
    """Memory per node, in GiB."""
    storage_gib: Gibibytes = 20
    """gp3 volume per node, in GiB."""


class KongSettings(Model):
    """The API gateway."""

    min_replicas: Annotated[int, Field(ge=2, le=50)] = 3
    """Pods that always run; production needs one per zone."""
    max_replicas: Annotated[int, Field(ge=2, le=200)] = 6
    """Pods at the most."""
    requests_per_minute: Annotated[int, Field(ge=1)] = 600
    """Rate limit per consumer."""


class KeycloakSettings(Model):
    """The identity provider."""

    replicas: Annotated[int, Field(ge=2, le=9)] = 2
    """Pods; two keep sessions when one is lost."""


class MonitoringSettings(Model):
    """Prometheus, Alertmanager and Grafana in the cluster."""

    prometheus_storage_gib: Gibibytes = 20
    """Volume per Prometheus replica, in GiB; older samples are in Amazon Managed Service for Prometheus."""
    retention_hours: Annotated[int, Field(ge=2, le=720)] = 24
    """Hours of samples kept in the cluster."""


class KubernetesSettings(Model):
    """The EKS cluster."""

    version: Annotated[str, StringConstraints(pattern=r"^1\.\d{2}$")] = "1.36"
    """Kubernetes version, one that `spotmusic_cdk/versions.py` knows a kubectl layer for."""
    endpoint: Literal["private", "public_and_private"] = "private"
    """Who can reach the API server: the VPC, or the Internet as well."""
    administrators: tuple[Arn, ...] = ()
    """IAM roles that administer the cluster (break-glass); nobody else gets in."""
    redpanda: RedpandaSettings = RedpandaSettings()
    rabbitmq: RabbitMQSettings = RabbitMQSettings()
    kong: KongSettings = KongSettings()
    keycloak: KeycloakSettings = KeycloakSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
