"""Experiments of AWS FIS for the faults of docs/game-day.md."""

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from spotmusic_cdk import versions
from spotmusic_cdk.namespaces import EXPERIMENTER
from spotmusic_constructs.log_retention import retention_of
from spotmusic_constructs.messaging.rabbitmq import LABELS as RABBITMQ_LABELS
from spotmusic_constructs.resilience import faults
from spotmusic_constructs.resilience.experiment import Action
from spotmusic_constructs.resilience.fault_injection import FaultInjection
from spotmusic_constructs.streaming.redpanda import LABELS as REDPANDA_LABELS
from stacks.observability.components import Components
from stacks.observability.experiment_roles import experiment_roles


class Experiments(Construct):
    """Experiment templates for the loss of a zone, a NAT gateway, a primary, a broker, a node and a task.

    Args:
        components: targets of the experiments.
        stop_alarms: alarms that stop an experiment.
    """

    def __init__(self, scope: Construct, construct_id: str, *, components: Components, stop_alarms: Sequence[cloudwatch.CfnAlarm]) -> None:
        super().__init__(scope, construct_id)
        settings, data, cluster = components.settings, components.data, components.ecs_services.cluster
        vpc_id = components.network.vpc.vpc_id
        tags = settings.identifying_tags
        zones = {zone[-1].upper(): zone for zone in settings.zones}
        redpanda, rabbitmq = _redpanda(components), _rabbitmq(components)

        def database_lost(name: str, zone: str | None = None) -> Action:
            identifier = components.databases[name].instance.instance_identifier
            return faults.database_failed_over(identifier, tags={**tags, "Component": name}, zone=zone)

        def cache_lost(zone: str) -> Action:
            return faults.cache_without_power(zone, tags={**tags, "Component": "cache"})

        injection = FaultInjection(
            self,
            "Injection",
            name=f"{settings.resource_prefix}-experiments",
            stop_alarms=stop_alarms,
            key=components.secrets.keys.logs,
            retention=retention_of(settings.observability.security_log_days),
            removal_policy=data.data_removal,
        )
        roles = experiment_roles(self, components)
        for letter, zone in zones.items():
            injection.add(
                f"Zone{letter}",
                description=f"Zone {zone} is lost: cut off in every tier, and what has its primary there fails over",
                actions={
                    "zone": faults.zone_cut_off(zone, vpc_id=vpc_id, tags=tags),
                    # A primary need not fail over when it is only cut off (AWS FIS user guide, power interruption).
                    **{name: database_lost(name, zone) for name in components.databases},
                    "cache": cache_lost(zone),
                },
                role=roles.zone,
                may_miss=True,  # a primary is in one zone of three
            )
        injection.add(
            "NatGateway",
            description="One zone has lost its NAT gateway",
            actions={"gateway": faults.way_out_cut_off(vpc_id=vpc_id, tags={**tags, "aws-cdk:subnet-name": "public"})},
            role=roles.network,
        )
        for name in components.databases:
            injection.add(
                f"{name.capitalize()}Primary",
                description=f"The database {name} fails over to its standby",
                actions={"database": database_lost(name)},
                role=roles.database,
            )
        for letter, zone in zones.items():
            injection.add(
                f"CacheNode{letter}",
                description=f"The node of the cache in {zone} has no power; a replica takes over where it was the primary",
                actions={"cache": cache_lost(zone)},
                role=roles.cache,
            )
        injection.add("Redpanda", description="A broker of events goes", actions={"broker": redpanda.deleted()}, role=roles.pod)
        injection.add("RabbitMQ", description="A node of the task queues goes", actions={"node": rabbitmq.deleted()}, role=roles.pod)
        for letter, zone in zones.items():
            lost = {"events": redpanda.deleted(grace_seconds=0, zone=zone), "tasks": rabbitmq.deleted(grace_seconds=0, zone=zone)}
            injection.add(
                f"BrokerNode{letter}",
                description=f"A node of {zone} goes without a word, and a broker of each kind with it",
                actions=lost,
                role=roles.pod,
            )
        for name, service in components.services.items():
            stopped = faults.task_stopped(cluster=cluster.cluster_name, service=service.service_name, tags=tags)
            injection.add(
                f"Task-{name}",
                description=f"A task of {name} stops; start it during a deployment to see what a version does that cannot stay up",
                actions={"task": stopped},
                role=roles.task,
            )


def _redpanda(components: Components) -> faults.Brokers:
    # Jobs of the same release have the other two labels of the brokers.
    name = "app.kubernetes.io/component"
    return _brokers(components, namespace="redpanda", label=f"{name}={REDPANDA_LABELS[name]}")


def _rabbitmq(components: Components) -> faults.Brokers:
    name = "app.kubernetes.io/name"
    return _brokers(components, namespace="rabbitmq", label=f"{name}={RABBITMQ_LABELS[name]}")


def _brokers(components: Components, *, namespace: str, label: str) -> faults.Brokers:
    return faults.Brokers(
        cluster=components.eks_platform.cluster.cluster_name,
        namespace=namespace,
        label=label,
        service_account=EXPERIMENTER,
        image=components.registry.images.image(versions.FIS_POD_IMAGE),
    )
