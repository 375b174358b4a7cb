"""Components of an environment, with their names in CloudWatch and dashboards."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import aws_cdk as cdk

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.arns import cluster_name, load_balancer_name
from spotmusic_constructs.data.relational_database import RelationalDatabase
from stacks.data import DataStack
from stacks.ecs_services import EcsServicesStack
from stacks.edge import EdgeStack
from stacks.eks_platform import EksPlatformStack
from stacks.network import NetworkStack
from stacks.registry import RegistryStack
from stacks.secrets import SecretsStack


@dataclass(frozen=True, kw_only=True)
class Components:
    """Stacks of an environment, and the names of their components.

    Args:
        settings: the environment.
        network: VPC and its NAT gateways.
        registry: repositories and images.
        secrets: keys and secrets.
        data: databases, cache, buckets and queues of verdicts.
        eks_platform: cluster, gateway and brokers.
        ecs_services: cluster and load balancer of the services.
        edge: distribution and web ACL.
        services: names in ECS by name of the service, from Parameter Store instead of exports
            (docs/adr/0001).
    """

    settings: Settings
    network: NetworkStack
    registry: RegistryStack
    secrets: SecretsStack
    data: DataStack
    eks_platform: EksPlatformStack
    ecs_services: EcsServicesStack
    edge: EdgeStack
    services: Mapping[str, str]

    @cached_property
    def databases(self) -> dict[str, RelationalDatabase]:
        """Databases by name."""
        return {"catalogue": self.data.catalogue, "identity": self.data.identity}

    @cached_property
    def cache_nodes(self) -> dict[str, list[str]]:
        """Identifiers of cache nodes by client. The key of the shared cache is empty."""
        groups = {
            name: cache.replication_group.ref
            for name, cache in {"": self.data.cache, **self.data.own_caches}.items()
        }
        numbers = range(1, self.settings.data.cache.replicas + 2)
        return {
            name: [f"{group}-{number:03}" for number in numbers] for name, group in groups.items()
        }

    @cached_property
    def rotation_functions(self) -> dict[str, str]:
        """Names of the functions that rotate passwords, by database or cache."""
        data = self.data
        own = {f"Cache of {name}": cache.rotation for name, cache in data.own_caches.items()}
        shared = {
            "Catalogue": data.catalogue.rotation,
            "Identity": data.identity.rotation,
            "Cache": data.cache.rotation,
        }
        return {name: function.function_name for name, function in (shared | own).items()}

    @cached_property
    def nat_gateways(self) -> dict[str, str]:
        """Ids of NAT gateways by zone. CDK provides them only as children of their subnets."""
        gateways = {
            subnet.availability_zone: subnet.node.try_find_child("NATGateway")
            for subnet in self.network.vpc.public_subnets
        }
        return {
            f"zone {zone[-1].upper()}": gateway.ref
            for zone, gateway in gateways.items()
            if isinstance(gateway, cdk.CfnResource)
        }

    @cached_property
    def gateway(self) -> str:
        """Full name of the gateway's load balancer."""
        return load_balancer_name(self.network.gateway.load_balancer)

    @cached_property
    def brokers(self) -> str:
        """Full name of the brokers' load balancer."""
        return self.eks_platform.brokers.load_balancer.load_balancer_full_name

    @cached_property
    def services_cluster(self) -> str:
        """Name of the ECS cluster."""
        return cluster_name(self.ecs_services.cluster)

    @cached_property
    def kubernetes_cluster(self) -> str:
        """Name of the EKS cluster."""
        return cluster_name(self.eks_platform.cluster)

    @cached_property
    def services_load_balancer(self) -> str:
        """Full name of the services' load balancer."""
        return load_balancer_name(self.ecs_services.load_balancer)
