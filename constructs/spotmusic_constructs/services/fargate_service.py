"""Application service on Fargate."""

from typing import Literal

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from spotmusic_constructs import durations
from spotmusic_constructs.arns import cluster_name
from spotmusic_constructs.services.access import Access
from spotmusic_constructs.services.discovery import endpoint, task_records
from spotmusic_constructs.services.image import ServiceImage
from spotmusic_constructs.services.ingress import ServiceIngress
from spotmusic_constructs.services.route import Route
from spotmusic_constructs.services.scaling import Scaling, TaskScaling
from spotmusic_constructs.services.task_definition import CONTAINER, ServiceTaskDefinition
from spotmusic_constructs.services.task_roles import TaskRoles

Deployment = Literal["rolling", "blue_green"]


class FargateService(Construct):
    """Fargate service with discovery, safe deployments and scaling.

    Creates log group, roles, task definition, service and scaling; with a port, an A record per
    task at `<name>.<namespace>` for Prometheus and a Service Connect endpoint
    `http://<name>:<port>`; with a route, target group and listener rule.

    The template contains no number of tasks, because CloudFormation would reset it with every
    deployment. A new service starts with one task, and Application Auto Scaling raises it to the
    minimum.

    Service Connect does not encrypt between tasks: it would require a private certificate authority
    (docs/adr/0011-no-tls-between-tasks.md). Security groups restrict connections.

    Args:
        name: name of the service.
        cluster: cluster with a default Service Connect namespace and capacity on Fargate, in a
            network with a subnet group "application".
        security_group: security group of the tasks.
        image: image, with its health check.
        access: environment, secrets and rights.
        log_key: customer-managed key of the log group.
        log_retention: retention of the log group, which contains records of requests.
        cpu: Fargate cpu units.
        memory: memory in MiB.
        port: port that the container listens on. None for a worker.
        health_path: path that returns 200 when a task can serve.
        route: route of the load balancer. None for an internal service.
        deployment: `rolling` replaces tasks a few at a time. `blue_green` starts all new ones,
            shifts the route to them at once and keeps the old ones for `bake_time`; a service
            without a route always uses `rolling`.
        bake_time: time after the shift in which the alarm on failed requests rolls it back.
        infrastructure_role: role with which ECS shifts routes; needed for `blue_green`.
        scaling: bounds and averages of the number of tasks.
        removal_policy: policy of the log group when the stack is deleted.

    Raises:
        ValueError: if a service has a route and no port, or blue/green has no role.

    Example:
        FargateService(self, "Playback", name="playback", cluster=services.cluster,
                       security_group=security_group, image=image, access=Access(),
                       log_key=keys.logs, route=route, scaling=Scaling(minimum=3, maximum=30))
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        cluster: ecs.ICluster,
        security_group: ec2.ISecurityGroup,
        image: ServiceImage,
        access: Access,
        log_key: kms.IKey,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        cpu: int = 256,
        memory: int = 512,
        port: int | None = 8080,
        health_path: str = "/healthz",
        route: Route | None = None,
        deployment: Deployment = "rolling",
        bake_time: cdk.Duration | None = None,
        infrastructure_role: iam.IRole | None = None,
        scaling: Scaling | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id)
        shifts = deployment == "blue_green" and route is not None
        if route and port is None:
            raise ValueError(
                f"{name}: the route {route.path} requires a port. "
                "Set the port, or remove the route."
            )
        if shifts and infrastructure_role is None:
            raise ValueError(
                f"{name}: blue_green requires a role with which ECS shifts the route. "
                "Set infrastructure_role."
            )

        self.log_group = logs.LogGroup(
            self,
            "Logs",
            encryption_key=log_key,
            retention=log_retention,
            removal_policy=removal_policy,
        )
        roles = TaskRoles(
            self, "Roles", access=access, image=image, log_group_arn=self.log_group.log_group_arn
        )
        task = ServiceTaskDefinition(
            self,
            "Task",
            name=name,
            image=image,
            access=access,
            execution_role=roles.execution_role,
            task_role=roles.task_role,
            log_group=self.log_group,
            cpu=cpu,
            memory=memory,
            port=port,
            health_path=health_path,
        )
        self.ingress: ServiceIngress | None = None
        if route and port:
            self.ingress = ServiceIngress(
                self,
                "Ingress",
                vpc=cluster.vpc,
                route=route,
                port=port,
                health_path=health_path,
                alternate=shifts,
            )
        strategies = ecs.DeploymentStrategy
        alarm = self.ingress and self.ingress.deployment_alarm
        self.service = ecs.FargateService(
            self,
            "Service",
            cluster=cluster,
            task_definition=task.task_definition,
            platform_version=ecs.FargatePlatformVersion.LATEST,
            vpc_subnets=ec2.SubnetSelection(subnet_group_name="application"),
            security_groups=[security_group],
            assign_public_ip=False,
            availability_zone_rebalancing=ecs.AvailabilityZoneRebalancing.ENABLED,
            enable_execute_command=False,
            enable_ecs_managed_tags=True,
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
            min_healthy_percent=100,
            max_healthy_percent=200,
            # Valid for both strategies of the controller ECS (Amazon ECS developer guide,
            # deployment failure detection, 2026-11). The API reference of the breaker mentions only
            # rolling updates.
            circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            deployment_strategy=strategies.BLUE_GREEN if shifts else strategies.ROLLING,
            bake_time=(bake_time or durations.minutes(10)) if shifts else None,
            deployment_alarms=ecs.DeploymentAlarmConfig(alarm_names=[alarm.ref]) if alarm else None,
            health_check_grace_period=durations.seconds(60) if route else None,
            # Blue/green shifts only the route; tasks of both revisions are registered. The
            # requirements of a blue/green service in the Amazon ECS developer guide allow service
            # discovery; not verified in an account.
            cloud_map_options=task_records(name) if port else None,
            service_connect_configuration=endpoint(name, port, self.log_group),
        )
        self.service_node = self.service.node
        self.target_group = self.ingress and self._answer(
            self.ingress, infrastructure_role if shifts else None
        )
        self.name = self.service.service_name
        self.scaling = TaskScaling(
            self,
            "Scaling",
            cluster_name=cluster_name(cluster),
            name=self.name,
            scaling=scaling or Scaling(),
            ingress=self.ingress,
        )

    def _answer(
        self, ingress: ServiceIngress, shifted_by: iam.IRole | None
    ) -> elbv2.ApplicationTargetGroup:
        """Add the load balancer to the service, and the rule that ECS shifts."""
        alternate = None
        if shifted_by:
            rule = ecs.ListenerRuleConfiguration.application_listener_rule(ingress.rule)
            alternate = ecs.AlternateTarget(
                "Alternate",
                alternate_target_group=ingress.target_groups[-1],
                production_listener=rule,
                role=shifted_by,
            )
        ingress.target_groups[0].add_target(
            self.service.load_balancer_target(container_name=CONTAINER, alternate_target=alternate)
        )
        # ECS rejects a target group without a listener.
        self.service_node.add_dependency(ingress.rule)
        return ingress.target_groups[0]
