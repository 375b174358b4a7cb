"""Experiments of AWS FIS for the faults of docs/game-day.md."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
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
        self._components = components
        self._tags = components.settings.identifying_tags
        self._zones = {zone[-1].upper(): zone for zone in components.settings.zones}
        self._injection = FaultInjection(
            self,
            "Injection",
            name=f"{components.settings.resource_prefix}-experiments",
            stop_alarms=[objective.stop_alarm(FAILOVER_MINUTES) for objective in objectives],
            key=components.secrets.keys.logs,
            log_retention=retention_of(components.settings.observability.security_log_days),
            removal_policy=components.data.data_removal,
        )
        roles = experiment_roles(self, components)
        vpc_id = components.network.vpc.vpc_id
        self._lose_zones(vpc_id, roles.zone)
        self._lose_nat_gateway(vpc_id, roles.network)
        self._lose_databases(roles.database)
        self._lose_cache_nodes(roles.cache)
        broker_experiments(self._injection, components, roles.pod)
        self._lose_tasks(roles.task)

    def _lose_zones(self, vpc_id: str, role: iam.IRole) -> None:
        for letter, zone in self._zones.items():
            self._injection.add(
                f"Zone{letter}",
                description=(
                    f"Disconnect zone {zone} in every tier, and fail over the primaries in it"
                ),
                actions={
                    "zone": fault_actions.zone_cut_off(zone, vpc_id=vpc_id, tags=self._tags),
                    # A disconnected primary may not fail over (AWS FIS user guide, power
                    # interruption).
                    **{name: self._failover(name, zone) for name in self._components.databases},
                    "cache": self._cache_lost(zone),
                },
                role=role,
                may_miss=True,  # a primary is in one zone of three
            )

    def _lose_nat_gateway(self, vpc_id: str, role: iam.IRole) -> None:
        tags = {**self._tags, "aws-cdk:subnet-name": "public"}
        self._injection.add(
            "NatGateway",
            description="Disconnect the NAT gateway of one zone",
            actions={"gateway": fault_actions.way_out_cut_off(vpc_id=vpc_id, tags=tags)},
            role=role,
        )

    def _lose_databases(self, role: iam.IRole) -> None:
        for name in self._components.databases:
            self._injection.add(
                f"{name.capitalize()}Primary",
                description=f"Fail over the database {name} to its standby",
                actions={"database": self._failover(name)},
                role=role,
            )

    def _lose_cache_nodes(self, role: iam.IRole) -> None:
        for letter, zone in self._zones.items():
            self._injection.add(
                f"CacheNode{letter}",
                description=(
                    f"Interrupt the power of the cache node in {zone}; "
                    "a replica takes over if it was the primary"
                ),
                actions={"cache": self._cache_lost(zone)},
                role=role,
            )

    def _lose_tasks(self, role: iam.IRole) -> None:
        for name, service_name in self._components.services.items():
            stopped = fault_actions.task_stopped(
                cluster_name=self._components.services_cluster,
                service=service_name,
                tags=self._tags,
            )
            self._injection.add(
                f"Task-{name}",
                description=(
                    f"Stop a task of {name}; "
                    "during a deployment, as a version that does not stay up"
                ),
                actions={"task": stopped},
                role=role,
            )

    def _failover(self, name: str, zone: str | None = None) -> Action:
        identifier = self._components.databases[name].identifier
        return fault_actions.database_failed_over(
            identifier, tags={**self._tags, "Component": name}, zone=zone
        )

    def _cache_lost(self, zone: str) -> Action:
        return fault_actions.cache_without_power(zone, tags={**self._tags, "Component": "cache"})
