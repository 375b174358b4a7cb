"""Access of people on call to the platform."""

from constructs import Construct

from spotmusic_cdk import flows, versions
from spotmusic_constructs.arns import cluster_arn, group_id, secret_arn
from spotmusic_constructs.services.image import plain_image
from spotmusic_constructs.services.operator_policies import OperatorPolicies
from spotmusic_constructs.services.tunnel import Tunnel
from stacks.environment_stack import EnvironmentStack
from stacks.observability.components import Components


class OperatorAccess(Construct):
    """Task for tunnels into the VPC, and policies for the roles of engineers on call.

    Args:
        components: VPC, cluster, key of the log, and databases with master secrets.
    """

    def __init__(
        self, scope: EnvironmentStack, construct_id: str, *, components: Components
    ) -> None:
        super().__init__(scope, construct_id)
        settings, network = components.settings, components.network
        cluster = components.ecs_services.cluster
        subnet_ids = network.vpc.select_subnets(subnet_group_name="application").subnet_ids
        security_group_id = group_id(network.security_groups.of(flows.OPERATORS))
        tunnel = Tunnel(
            self,
            "Tunnel",
            name=flows.OPERATORS,
            cluster=cluster,
            image=plain_image(components.registry.images.image(versions.BOOTSTRAP_IMAGE)),
            subnet_ids=subnet_ids,
            security_group_id=security_group_id,
            log_key=components.secrets.keys.logs,
            log_retention=scope.log_retention.security,
            removal_policy=scope.data_removal,
        )
        OperatorPolicies(
            self,
            "Policies",
            prefix=settings.resource_prefix,
            tags=settings.identifying_tags,
            security_group_id=security_group_id,
            subnet_ids=subnet_ids,
            cluster_arn=cluster_arn(cluster),
            # CloudFormation begins a generated name with that of the stack.
            cluster_name=f"{settings.stack_name('ecs-services')}-*",
            task_family=tunnel.task_definition.family,
            task_role_arns=tunnel.role_arns,
            administrator_arns=settings.kubernetes.administrators,
            rotation_functions=list(components.rotation_functions.values()),
            master_secret_arns=[
                secret_arn(database.master_secret)
                for database in components.databases.values()
                if database.own_master_secret
            ],
        )
