"""The kubernetes section of an environment file: the cluster and the components that run on it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from spotmusic_cdk.settings.brokers import RabbitMQSettings, RedpandaSettings
from spotmusic_cdk.settings.model import Arn, Gibibytes, Model

__all__ = ["KeycloakSettings", "KongSettings", "KubernetesSettings", "MonitoringSettings", "RabbitMQSettings", "RedpandaSettings"]


class KongSettings(Model):
    """The API gateway."""

    min_replicas: Annotated[int, Field(ge=2, le=50)] = 3
    """Pods that always run; production needs one per zone."""
    max_replicas: Annotated[int, Field(ge=2, le=200)] = 6
    """Pods at the most."""
    requests_per_minute: Annotated[int, Field(ge=1)] = 600
    """Requests of one listener in a minute; where a route is public, of one address."""


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
    """IAM roles that administer the cluster (break-glass)."""
    viewers: tuple[Arn, ...] = ()
    """IAM roles of the team that may open a tunnel to Grafana and do nothing else in the cluster; nobody but these two gets in."""
    redpanda: RedpandaSettings = RedpandaSettings()
    rabbitmq: RabbitMQSettings = RabbitMQSettings()
    kong: KongSettings = KongSettings()
    keycloak: KeycloakSettings = KeycloakSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
