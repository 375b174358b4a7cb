"""Experiments of AWS FIS for the faults of docs/game-day.md."""

from collections.abc import Sequence

from constructs import Construct

from spotmusic_constructs.log_retention import retention_of
from spotmusic_constructs.observability.service_level_objective import ServiceLevelObjective
from spotmusic_constructs.resilience import fault_actions
from spotmusic_constructs.resilience.experiment import Action
from spotmusic_constructs.resilience.fault_injection import FaultInjection
from stacks.observability.broker_experiments import broker_experiments
from stacks.observability.components import Components
from stacks.observability.experiment_roles import experiment_roles

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
        settings, data = components.settings, components.data
        vpc_id = components.network.vpc.vpc_id
        tags = settings.identifying_tags
        zones = {zone[-1].upper(): zone for zone in settings.zones}

        def database_lost(name: str, zone: str | None = None) -> Action:
            identifier = components.databases[name].identifier
            return fault_actions.database_failed_over(
                identifier, tags={**tags, "Component": name}, zone=zone
            )

        def cache_lost(zone: str) -> Action:
            return fault_actions.cache_without_power(zone, tags={**tags, "Component": "cache"})

        injection = FaultInjection(
            self,
            "Injection",
            name=f"{settings.resource_prefix}-experiments",
            stop_alarms=[objective.stop_alarm(FAILOVER_MINUTES) for objective in objectives],
            key=components.secrets.keys.logs,
            log_retention=retention_of(settings.observability.security_log_days),
            removal_policy=data.data_removal,
        )
        roles = experiment_roles(self, components)
        for letter, zone in zones.items():
            injection.add(
                f"Zone{letter}",
                description=(
                    f"Disconnect zone {zone} in every tier, and fail over the primaries in it"
                ),
                actions={
                    "zone": fault_actions.zone_cut_off(zone, vpc_id=vpc_id, tags=tags),
                    # A disconnected primary may not fail over (AWS FIS user guide, power
                    # interruption).
                    **{name: database_lost(name, zone) for name in components.databases},
                    "cache": cache_lost(zone),
                },
                role=roles.zone,
                may_miss=True,  # a primary is in one zone of three
            )
        injection.add(
            "NatGateway",
            description="Disconnect the NAT gateway of one zone",
            actions={
                "gateway": fault_actions.way_out_cut_off(
                    vpc_id=vpc_id, tags={**tags, "aws-cdk:subnet-name": "public"}
                )
            },
            role=roles.network,
        )
        for name in components.databases:
            injection.add(
                f"{name.capitalize()}Primary",
                description=f"Fail over the database {name} to its standby",
                actions={"database": database_lost(name)},
                role=roles.database,
            )
        for letter, zone in zones.items():
            injection.add(
                f"CacheNode{letter}",
                description=(
                    f"Interrupt the power of the cache node in {zone}; "
                    "a replica takes over if it was the primary"
                ),
                actions={"cache": cache_lost(zone)},
                role=roles.cache,
            )
        broker_experiments(injection, components, roles.pod)
        for name, service_name in components.services.items():
            stopped = fault_actions.task_stopped(
                cluster_name=components.services_cluster, service=service_name, tags=tags
            )
            injection.add(
                f"Task-{name}",
                description=(
                    f"Stop a task of {name}; "
                    "during a deployment, as a version that does not stay up"
                ),
                actions={"task": stopped},
                role=roles.task,
            )
