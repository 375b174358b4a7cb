"""Experiments of AWS FIS for the faults of docs/game-day.md."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from spotmusic_constructs.log_retention import retention_of
from spotmusic_constructs.observability.service_level_objective import ServiceLevelObjective
from spotmusic_constructs.resilience import fault_actions
from spotmusic_constructs.resilience.fault_injection import FaultInjection
from stacks.observability.broker_experiments import broker_experiments
from stacks.observability.components import Components
from stacks.observability.experiment_roles import experiment_roles
from stacks.observability.store_experiments import (
    cache_experiments,
    cache_lost,
    database_experiments,
    failover,
)

FAILOVER_MINUTES = 2
"""Minutes of a failover that listeners may notice (docs/recovery.md)."""


class Experiments(Construct):
    """Experiment templates for the loss of zones, NAT gateways, primaries, brokers and tasks.

    Args:
        components: targets of the experiments.
        objectives: service level objectives. An experiment stops when listeners notice it for
            longer than `FAILOVER_MINUTES`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        components: Components,
        objectives: Sequence[ServiceLevelObjective],
    ) -> None:
        super().__init__(scope, construct_id)
        injection = FaultInjection(
            self,
            "Injection",
            name=f"{components.settings.resource_prefix}-experiments",
            stop_alarms=[objective.stop_alarm(FAILOVER_MINUTES) for objective in objectives],
            key=components.secrets.keys.logs,
            log_retention=retention_of(components.settings.observability.security_log_days),
            removal_policy=components.data.data_removal,
        )
        roles = experiment_roles(self, components)
        _zone_experiments(injection, components, roles.zone)
        _nat_gateway_experiment(injection, components, roles.network)
        database_experiments(injection, components, roles.database)
        cache_experiments(injection, components, roles.cache)
        broker_experiments(injection, components, roles.pod)
        _task_experiments(injection, components, roles.task)


def _zone_experiments(injection: FaultInjection, components: Components, role: iam.IRole) -> None:
    vpc_id, tags = components.network.vpc.vpc_id, components.settings.identifying_tags
    for zone in components.settings.zones:
        injection.add(
            f"Zone{zone[-1].upper()}",
            description=f"Disconnect zone {zone} in every tier, and fail over the primaries in it",
            actions={
                "zone": fault_actions.zone_cut_off(zone, vpc_id=vpc_id, tags=tags),
                # A disconnected primary may not fail over (AWS FIS user guide, power
                # interruption).
                **{name: failover(components, name, zone) for name in components.databases},
                "cache": cache_lost(components, zone),
            },
            role=role,
            may_miss=True,  # a primary is in one zone of three
        )


def _nat_gateway_experiment(
    injection: FaultInjection, components: Components, role: iam.IRole
) -> None:
    vpc_id = components.network.vpc.vpc_id
    tags = {**components.settings.identifying_tags, "aws-cdk:subnet-name": "public"}
    injection.add(
        "NatGateway",
        description="Disconnect the NAT gateway of one zone",
        actions={"gateway": fault_actions.way_out_cut_off(vpc_id=vpc_id, tags=tags)},
        role=role,
    )


def _task_experiments(injection: FaultInjection, components: Components, role: iam.IRole) -> None:
    for name, service_name in components.services.items():
        stopped = fault_actions.task_stopped(
            cluster_name=components.services_cluster,
            service=service_name,
            tags=components.settings.identifying_tags,
        )
        injection.add(
            f"Task-{name}",
            description=(
                f"Stop a task of {name}; during a deployment, as a version that does not stay up"
            ),
            actions={"task": stopped},
            role=role,
        )
