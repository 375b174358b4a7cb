"""What people on call need to reach the platform."""

from aws_cdk import aws_ecs as ecs
from constructs import Construct

from spotmusic_cdk import flows, versions
from spotmusic_cdk.settings import Settings
from spotmusic_constructs.services.image import plain_image
from spotmusic_constructs.services.operator_policies import OperatorPolicies
from spotmusic_constructs.services.tunnel import Tunnel
from stacks.data import DataStack
from stacks.environment_stack import EnvironmentStack
from stacks.network import NetworkStack
from stacks.registry import RegistryStack
from stacks.secrets import SecretsStack


class People(Construct):
    """The end of their tunnels, and policies for their roles.

    Args:
        network: VPC, and the security group of people.
        registry: where the image comes from.
        secrets: key of the log.
        data: databases, whose master secrets some of them read.
        cluster: cluster of the task.
        settings: the environment.
    """

    def __init__(
        self,
        scope: EnvironmentStack,
        construct_id: str,
        *,
        network: NetworkStack,
        registry: RegistryStack,
        secrets: SecretsStack,
        data: DataStack,
        cluster: ecs.ICluster,
        settings: Settings,
    ) -> None:
        super().__init__(scope, construct_id)
        subnet_ids = network.vpc.select_subnets(subnet_group_name="application").subnet_ids
        security_group_id = network.security_groups.of(flows.OPERATORS).security_group_id
        self.tunnel = Tunnel(
            self,
            "Tunnel",
            name=flows.OPERATORS,
            cluster=cluster,
            image=plain_image(registry.images.image(versions.BOOTSTRAP_IMAGE)),
            subnet_ids=subnet_ids,
            security_group_id=security_group_id,
            log_key=secrets.keys.logs,
            log_retention=scope.log_retention.security,
            removal_policy=scope.data_removal,
        )
        OperatorPolicies(
            self,
            "Policies",
            prefix=settings.resource_prefix,
            tags={key: scope.common_tags[key] for key in ("Project", "Env")},
            security_group_id=security_group_id,
            subnet_ids=subnet_ids,
            cluster_arn=cluster.cluster_arn,
            # CloudFormation begins a generated name with that of the stack.
            cluster_name=f"{settings.stack_name('ecs-services')}-*",
            task_family=self.tunnel.task_definition.family,
            task_role_arns=self.tunnel.role_arns,
            administrator_arns=settings.kubernetes.administrators,
            master_secret_arns=[secret.secret_arn for one in (data.catalogue, data.identity) if (secret := one.instance.secret)],
        )
