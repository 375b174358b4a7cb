"""The kubernetes section of an environment file: the cluster and the components that run on it."""

import re
from ipaddress import IPv4Network
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from spotmusic_cdk.settings.brokers import RabbitMQSettings, RedpandaSettings
from spotmusic_cdk.settings.model import Gibibytes, Model, RoleArn, Unordered
from spotmusic_cdk.settings.problem import shown

__all__ = ["KeycloakSettings", "KongSettings", "KubernetesSettings", "MonitoringSettings", "RabbitMQSettings", "RedpandaSettings"]


class KongSettings(Model):
    """The API gateway."""

    min_replicas: Annotated[int, Field(ge=2, le=50)] = 3
    """Pods that always run; production needs one per zone."""
    max_replicas: Annotated[int, Field(ge=2, le=200)] = 6
    """Pods at the most."""
    requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 600
    """Requests of one listener in a minute. Logins and public routes have limits of their own, for all who share an address."""

    @model_validator(mode="after")
    def _min_is_not_above_max(self) -> Self:
        if self.min_replicas > self.max_replicas:
            raise ValueError(
                f"min_replicas {self.min_replicas} is above max_replicas {self.max_replicas}. Raise max_replicas or lower min_replicas."
            )
        return self


class KeycloakSettings(Model):
    """The identity provider."""

    replicas: Annotated[int, Field(ge=1, le=9)] = 2
    """Pods; two keep sessions when one is lost, which production needs. With one, nobody logs in while it starts again."""


class MonitoringSettings(Model):
    """Prometheus, Alertmanager and Grafana in the cluster."""

    prometheus_storage_gib: Gibibytes = 20
    """Volume per Prometheus replica, in GiB; older samples are in Amazon Managed Service for Prometheus."""
    retention_hours: Annotated[int, Field(ge=2, le=720)] = 24
    """Hours of samples kept in the cluster."""


def _ipv4_range(value: str) -> str:
    try:
        if re.fullmatch(r"[0-9.]+/[0-9]{1,2}", value):
            return str(IPv4Network(value))
    except ValueError:
        pass
    raise ValueError(f"{shown(value)} is not an IPv4 range. Write one such as 203.0.113.0/24, and a single address with /32.")


class KubernetesSettings(Model):
    """The EKS cluster."""

    version: Annotated[str, StringConstraints(pattern=r"^1\.[0-9]{2}$")] = "1.36"
    """Kubernetes version, one that `spotmusic_cdk/versions.py` knows a kubectl layer for."""
    endpoint: Literal["private", "public_and_private"] = "private"
    """Who can reach the API server: the VPC, or the ranges of `public_access_cidrs` as well. Production takes `private` only."""
    public_access_cidrs: Annotated[tuple[Annotated[str, AfterValidator(_ipv4_range)], ...], Field(max_length=40), Unordered] = ()
    """IPv4 ranges that reach a public endpoint, such as 203.0.113.0/24: required with `public_and_private`, 40 at most (Amazon EKS
    quotas). `0.0.0.0/0` is everybody."""
    administrators: Annotated[tuple[RoleArn, ...], Field(max_length=50), Unordered] = ()
    """IAM roles that administer the cluster (break-glass)."""
    viewers: Annotated[tuple[RoleArn, ...], Field(max_length=50), Unordered] = ()
    """IAM roles of the team that may open a tunnel to Grafana and do nothing else in the cluster; nobody but these two gets in."""
    redpanda: RedpandaSettings = RedpandaSettings()
    rabbitmq: RabbitMQSettings = RabbitMQSettings()
    kong: KongSettings = KongSettings()
    keycloak: KeycloakSettings = KeycloakSettings()
    monitoring: MonitoringSettings = MonitoringSettings()

    @model_validator(mode="after")
    def _a_public_endpoint_has_ranges(self) -> Self:
        if self.endpoint == "public_and_private" and not self.public_access_cidrs:
            raise ValueError("public_access_cidrs: a public endpoint would answer everybody. Name the IPv4 ranges of your offices or VPN.")
        if self.endpoint == "private" and self.public_access_cidrs:
            raise ValueError("public_access_cidrs: a private endpoint has none. Remove them, or set endpoint: public_and_private.")
        return self

    @model_validator(mode="after")
    def _nobody_has_two_access_entries(self) -> Self:
        both = sorted(set(self.administrators) & set(self.viewers))
        if both:
            raise ValueError(f"viewers: {both[0]} is an administrator already, and EKS knows one entry for each role. Take it out of one.")
        return self
