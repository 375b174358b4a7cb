"""What people on call need to reach the platform."""

from aws_cdk import aws_ecs as ecs
from constructs import Construct

from spotmusic_cdk import flows, versions
from spotmusic_constructs.services.image import plain_image
from spotmusic_constructs.services.tunnel import Tunnel
from stacks.environment_stack import EnvironmentStack
from stacks.network import NetworkStack
from stacks.registry import RegistryStack
from stacks.secrets import SecretsStack


class People(Construct):
    """The end of their tunnels.

    Args:
        network: VPC, and the security group of people.
        registry: where the image comes from.
        secrets: key of the log.
        cluster: cluster of the task.
    """

    def __init__(
        self,
        scope: EnvironmentStack,
        construct_id: str,
        *,
        network: NetworkStack,
        registry: RegistryStack,
        secrets: SecretsStack,
        cluster: ecs.ICluster,
    ) -> None:
        super().__init__(scope, construct_id)
        self.tunnel = Tunnel(
            self,
            "Tunnel",
            name=flows.OPERATORS,
            cluster=cluster,
            image=plain_image(registry.images.image(versions.BOOTSTRAP_IMAGE)),
            subnet_ids=network.vpc.select_subnets(subnet_group_name="application").subnet_ids,
            security_group_id=network.security_groups.of(flows.OPERATORS).security_group_id,
            log_key=secrets.keys.logs,
            log_retention=scope.log_retention.security,
            removal_policy=scope.data_removal,
        )
