"""The faults that may be practised in an environment, one experiment template each: docs/game-day.md says what is expected of each."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from spotmusic_cdk import versions
from spotmusic_cdk.namespaces import EXPERIMENTER
from spotmusic_cdk.settings import Settings
from spotmusic_constructs.data.relational_database import RelationalDatabase
from spotmusic_constructs.log_retention import retention_of
from spotmusic_constructs.messaging.rabbitmq import LABELS as RABBITMQ_LABELS
from spotmusic_constructs.resilience import faults
from spotmusic_constructs.resilience.experiment import Action
from spotmusic_constructs.resilience.experiment_role import NETWORK_FINDS, ExperimentRole, network_rights, network_wildcards
from spotmusic_constructs.resilience.fault_injection import FaultInjection, admit_to_cluster
from spotmusic_constructs.streaming.redpanda import LABELS as REDPANDA_LABELS
from stacks.data import DataStack
from stacks.eks_platform import EksPlatformStack
from stacks.network import NetworkStack
from stacks.registry import RegistryStack
from stacks.secrets import SecretsStack

DATABASE_FINDS, CACHE_FINDS = ("rds:DescribeDBInstances",), ("elasticache:DescribeReplicationGroups",)


class Faults(Construct):
    """Experiment templates of AWS FIS for the loss of a zone, a way out, a primary, a broker, a node and a task.

    Args:
        settings: the environment.
        network: for its VPC.
        registry: for the image of the pod that deletes others.
        secrets: for the key of logs.
        data: for databases and cache.
        eks_platform: for the cluster.
        cluster: ECS cluster of the services.
        services: services on ECS by name.
        stop_alarms: alarms of which any ends an experiment.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        network: NetworkStack,
        registry: RegistryStack,
        secrets: SecretsStack,
        data: DataStack,
        eks_platform: EksPlatformStack,
        cluster: ecs.ICluster,
        services: Mapping[str, ecs.IService],
        stop_alarms: Sequence[cloudwatch.CfnAlarm],
    ) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        self._settings, self._network, self._data, self._stack = settings, network, data, stack
        self._tags = {"Project": "spotmusic", "Env": settings.name}
        self._injection = FaultInjection(
            self,
            "Injection",
            name=f"spotmusic-{settings.name}-experiments",
            stop_alarms=stop_alarms,
            key=secrets.keys.logs,
            retention=retention_of(settings.observability.security_log_days),
            removal_policy=data.data_removal,
        )
        self._lose_zones()
        self._lose_way_out()
        self._lose_primaries()
        self._lose_pods(eks_platform.cluster.cluster_name, registry.images.image(versions.FIS_POD_IMAGE))
        self._lose_tasks(cluster, services)

    def _lose_zones(self) -> None:
        vpc = self._network.vpc.vpc_id
        role = ExperimentRole(
            self,
            "ZoneRole",
            statements=[*network_rights(self._stack, vpc), self._fail_over(), self._take_power_away()],
            finds=[*NETWORK_FINDS, *DATABASE_FINDS, *CACHE_FINDS],
            wildcards=network_wildcards(self._stack),
        ).role
        for zone in self._settings.zones:
            cut = faults.zone_cut_off(zone, vpc_id=vpc, tags=self._tags)
            databases = {name: self._database_lost(name, zone) for name in self._databases}
            self._injection.add(
                f"Zone{zone[-1].upper()}",
                description=f"Zone {zone} is lost: cut off in every tier, and what has its primary there fails over",
                # At once, as the power goes (AWS FIS user guide, power interruption): a primary need not fail over when it is only cut off.
                actions={"zone": cut, **databases, "cache": self._cache_lost(zone)},
                role=role,
                may_miss=True,  # a primary stands in one zone of three
            )

    def _lose_way_out(self) -> None:
        vpc = self._network.vpc.vpc_id
        rights, wildcards = network_rights(self._stack, vpc), network_wildcards(self._stack)
        role = ExperimentRole(self, "NetworkRole", statements=rights, finds=NETWORK_FINDS, wildcards=wildcards).role
        self._injection.add(
            "NatGateway",
            description="One zone has lost its NAT gateway",
            actions={"gateway": faults.way_out_cut_off(vpc_id=vpc, tags={**self._tags, "aws-cdk:subnet-name": "public"})},
            role=role,
        )

    def _lose_primaries(self) -> None:
        role = ExperimentRole(self, "DatabaseRole", statements=[self._fail_over()], finds=DATABASE_FINDS).role
        for name in self._databases:
            self._injection.add(
                f"{name.capitalize()}Primary",
                description=f"The database {name} fails over to its standby",
                actions={"database": self._database_lost(name)},
                role=role,
            )
        role = ExperimentRole(self, "CacheRole", statements=[self._take_power_away()], finds=CACHE_FINDS).role
        for zone in self._settings.zones:
            self._injection.add(
                f"CacheNode{zone[-1].upper()}",
                description=f"The node of the cache in {zone} has no power; a replica takes over where it was the primary",
                actions={"cache": self._cache_lost(zone)},
                role=role,
            )

    @property
    def _databases(self) -> Mapping[str, RelationalDatabase]:
        return {"catalogue": self._data.catalogue, "identity": self._data.identity}

    def _database_lost(self, name: str, zone: str | None = None) -> Action:
        identifier = self._databases[name].instance.instance_identifier
        return faults.database_failed_over(identifier, tags={**self._tags, "Component": name}, zone=zone)

    def _cache_lost(self, zone: str) -> Action:
        return faults.cache_without_power(zone, tags={**self._tags, "Component": "cache"})

    def _fail_over(self) -> iam.PolicyStatement:
        arns = [database.instance.instance_arn for database in self._databases.values()]
        return iam.PolicyStatement(sid="FailOver", actions=["rds:RebootDBInstance"], resources=arns)

    def _take_power_away(self) -> iam.PolicyStatement:
        arn = self._stack.format_arn(
            service="elasticache",
            resource="replicationgroup",
            resource_name=self._data.cache.replication_group.ref,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        return iam.PolicyStatement(sid="TakePowerAway", actions=["elasticache:InterruptClusterAzPower"], resources=[arn])

    def _lose_pods(self, cluster: str, image: str) -> None:
        arn = self._stack.format_arn(service="eks", resource="cluster", resource_name=cluster)
        look = iam.PolicyStatement(sid="ReachCluster", actions=["eks:DescribeCluster"], resources=[arn])
        role = ExperimentRole(self, "PodRole", statements=[look], finds=["ec2:DescribeSubnets"]).role
        admit_to_cluster(self, "PodAccess", cluster=cluster, role=role, user=EXPERIMENTER)
        redpanda, rabbitmq = (
            faults.Brokers(cluster=cluster, namespace=namespace, label=f"{name}={labels[name]}", service_account=EXPERIMENTER, image=image)
            for namespace, labels, name in (
                # Of the three labels of Redpanda's brokers the one that jobs of the same release do not bear.
                ("redpanda", REDPANDA_LABELS, "app.kubernetes.io/component"),
                ("rabbitmq", RABBITMQ_LABELS, "app.kubernetes.io/name"),
            )
        )
        self._injection.add("Redpanda", description="A broker of events goes", actions={"broker": redpanda.deleted()}, role=role)
        self._injection.add("RabbitMQ", description="A node of the task queues goes", actions={"node": rabbitmq.deleted()}, role=role)
        for zone in self._settings.zones:
            self._injection.add(
                f"BrokerNode{zone[-1].upper()}",
                description=f"A node of {zone} goes without a word, and a broker of each kind with it",
                actions={"events": redpanda.deleted(grace_seconds=0, zone=zone), "tasks": rabbitmq.deleted(grace_seconds=0, zone=zone)},
                role=role,
            )

    def _lose_tasks(self, cluster: ecs.ICluster, services: Mapping[str, ecs.IService]) -> None:
        tasks = f"arn:{self._stack.partition}:ecs:{self._stack.region}:{self._stack.account}:task/*"
        role = ExperimentRole(
            self,
            "TaskRole",
            statements=[
                iam.PolicyStatement(
                    sid="StopTasks",
                    actions=["ecs:StopTask"],
                    resources=[tasks],
                    conditions={"ArnEquals": {"ecs:cluster": cluster.cluster_arn}},
                )
            ],
            finds=["ecs:DescribeTasks", "ecs:ListTasks"],
            wildcards={tasks: "Only tasks of our cluster, which come and go: the condition says so."},
        ).role
        for name, service in services.items():
            self._injection.add(
                f"Task-{name}",
                description=f"A task of {name} stops; start it during a deployment to see what a version does that cannot stay up",
                actions={"task": faults.task_stopped(cluster=cluster.cluster_name, service=service.service_name, tags=self._tags)},
                role=role,
            )
