"""ECS cluster of the application services, with its DNS namespace."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_servicediscovery as servicediscovery
from constructs import Construct

from spotmusic_constructs.arns import cluster_name


class ServicesCluster(Construct):
    """Fargate cluster with Container Insights, and a private DNS and Service Connect namespace.

    Creates the cluster, the log group of Container Insights, the association with the Fargate
    capacity providers, and the namespace. Services must depend on `log_group`: otherwise ECS
    creates it with the first task, without a key. Tasks run on demand. Fargate Spot is available,
    but it reclaims tasks with two minutes of notice when a zone lacks capacity. Sessions into tasks
    are encrypted with `key`.

    Args:
        vpc: network of the tasks.
        namespace: domain name of the namespace, below the private zone. Each task has an A record
            there.
        key: customer-managed key of the data class "logs", for sessions and the log group.
        log_retention: retention of the log group; Container Insights keeps the samples behind its
            metrics there.

    Example:
        services = ServicesCluster(self, "Cluster", vpc=vpc, namespace="svc.internal.example",
                                   key=keys.logs)
        ecs.FargateService(self, "Service", cluster=services.cluster,
                           task_definition=task_definition)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        namespace: str,
        key: kms.IKey,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
    ) -> None:
        super().__init__(scope, construct_id)
        self.cluster = ecs.Cluster(
            self,
            "Cluster",
            vpc=vpc,
            # Enhanced adds metrics of tasks and containers, and the count of running tasks, the
            # divisor of scaling.
            container_insights_v2=ecs.ContainerInsights.ENHANCED,
            enable_fargate_capacity_providers=True,
            execute_command_configuration=ecs.ExecuteCommandConfiguration(kms_key=key),
        )
        self.log_group = logs.LogGroup(
            self,
            "Insights",
            log_group_name=f"/aws/ecs/containerinsights/{cluster_name(self.cluster)}/performance",
            encryption_key=key,
            retention=log_retention,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self.namespace = self.cluster.add_default_cloud_map_namespace(
            name=namespace,
            type=servicediscovery.NamespaceType.DNS_PRIVATE,
            vpc=vpc,
            use_for_service_connect=True,
        )
