"""Kubernetes section of an environment file: the cluster, the brokers and the other components."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from spotmusic_cdk.settings.brokers import RabbitMQSettings, RedpandaSettings
from spotmusic_cdk.settings.model import (
    Gibibytes,
    Model,
    RoleArn,
    Unordered,
    ipv4_network,
    shown,
)


class KongSettings(Model):
    """API gateway."""

    min_replicas: Annotated[int, Field(ge=2, le=50)] = 3
    """Pods that always run; production needs one per zone."""
    max_replicas: Annotated[int, Field(ge=2, le=400)] = 6
    """Maximum of pods."""
    requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 600
    """Requests of one listener per minute. Logins and public routes have separate limits for each
    address of clients."""

    @model_validator(mode="after")
    def _min_is_not_above_max(self) -> Self:
        if self.min_replicas > self.max_replicas:
            raise ValueError(
                f"min_replicas {self.min_replicas} is above max_replicas {self.max_replicas}. "
                "Raise max_replicas or lower min_replicas."
            )
        return self


class KeycloakSettings(Model):
    """Identity provider."""

    replicas: Annotated[int, Field(ge=1, le=60)] = 2
    """Pods. Two keep sessions when one is lost; production requires two. With one, logins fail
    while it restarts."""


class MonitoringSettings(Model):
    """Prometheus, Alertmanager and Grafana in the cluster."""

    prometheus_storage_gib: Gibibytes = 20
    """Volume per Prometheus replica, in GiB; older samples are in Amazon Managed Service for
    Prometheus."""
    retention_hours: Annotated[int, Field(ge=2, le=720)] = 24
    """Hours of samples kept in the cluster."""


def _public_range(value: str) -> str:
    network = ipv4_network(value)
    if network is None:
        raise ValueError(
            f"{shown(value)} is not an IPv4 range. "
            "Write one such as 54.240.193.128/26, and a single address with /32."
        )
    # "The following CIDRs are not allowed in publicAccessCidrs": 10.1.0.96/27 and 203.0.113.0/24,
    # for example. Source: AWS re:Post, lock down API access to specific IP addresses, read 2026-11.
    if not network.is_global:
        raise ValueError(
            f"EKS refuses {network}, a private or reserved range. "
            "Use the public addresses of your offices or VPN."
        )
    return str(network)


class KubernetesSettings(Model):
    """EKS cluster."""

    version: Annotated[str, StringConstraints(pattern=r"^1\.[0-9]{2}$")] = "1.36"
    """Kubernetes version, one with a kubectl layer in `spotmusic_cdk/versions.py`."""
    endpoint: Literal["private", "public_and_private"] = "private"
    """Access to the API server: from the VPC, or also from `public_access_cidrs`. Production
    requires `private`."""
    public_access_cidrs: Annotated[
        tuple[Annotated[str, AfterValidator(_public_range)], ...], Field(max_length=40), Unordered
    ] = ()
    """Public IPv4 ranges with access to a public endpoint, such as 54.240.193.128/26: required with
    `public_and_private`, at most 40 (Amazon EKS quotas). `0.0.0.0/0` allows every address."""
    administrators: Annotated[tuple[RoleArn, ...], Field(max_length=50), Unordered] = ()
    """IAM roles that administer the cluster (break-glass)."""
    viewers: Annotated[tuple[RoleArn, ...], Field(max_length=50), Unordered] = ()
    """IAM roles of the team that may open a tunnel to Grafana. They have no other rights in the
    cluster. No other role has access."""
    redpanda: RedpandaSettings = RedpandaSettings()
    rabbitmq: RabbitMQSettings = RabbitMQSettings()
    kong: KongSettings = KongSettings()
    keycloak: KeycloakSettings = KeycloakSettings()
    monitoring: MonitoringSettings = MonitoringSettings()

    @model_validator(mode="after")
    def _a_public_endpoint_has_ranges(self) -> Self:
        if self.endpoint == "public_and_private" and not self.public_access_cidrs:
            raise ValueError(
                "public_access_cidrs: a public endpoint requires IPv4 ranges. "
                "Set those of your offices or VPN."
            )
        if self.endpoint == "private" and self.public_access_cidrs:
            raise ValueError(
                "public_access_cidrs: ranges require a public endpoint. "
                "Remove them, or set endpoint: public_and_private."
            )
        return self

    @model_validator(mode="after")
    def _people_have_one_access_entry(self) -> Self:
        both = sorted(set(self.administrators) & set(self.viewers))
        if both:
            raise ValueError(
                f"viewers: {both[0]} is also an administrator, and EKS allows one access entry per "
                "role. Remove it from one of the two."
            )
        return self
