"""Roles of the experiments of AWS FIS."""

from dataclasses import dataclass

from aws_cdk import aws_iam as iam
from constructs import Construct

from spotmusic_cdk.namespaces import EXPERIMENTER
from spotmusic_constructs.arns import cluster_arn
from spotmusic_constructs.location import location_of
from spotmusic_constructs.resilience import experiment_role as rights
from spotmusic_constructs.resilience.experiment_role import ExperimentRole
from spotmusic_constructs.resilience.fault_injection import admit_to_cluster
from stacks.observability.components import Components


@dataclass(frozen=True, kw_only=True)
class ExperimentRoles:
    """Role of each kind of fault."""

    zone: iam.IRole
    network: iam.IRole
    database: iam.IRole
    cache: iam.IRole
    pod: iam.IRole
    task: iam.IRole


def experiment_roles(scope: Construct, components: Components) -> ExperimentRoles:
    """Create the roles, and give the role for pods access to the cluster."""
    location, cluster = location_of(scope), components.kubernetes_cluster
    network = rights.network_rights(location, components.network.vpc.vpc_id)
    failover = rights.failover_rights(
        [database.instance.instance_arn for database in components.databases.values()]
    )
    cache_power = rights.cache_power_rights(location, components.data.cache.replication_group.ref)
    zone = ExperimentRole(scope, "ZoneRole", fault_rights=[network, failover, cache_power])
    way_out = ExperimentRole(scope, "NetworkRole", fault_rights=[network])
    database = ExperimentRole(scope, "DatabaseRole", fault_rights=[failover])
    cache = ExperimentRole(scope, "CacheRole", fault_rights=[cache_power])
    pod = ExperimentRole(scope, "PodRole", fault_rights=[rights.pod_rights(location, cluster)])
    admit_to_cluster(scope, "PodAccess", cluster_name=cluster, role=pod.role, user=EXPERIMENTER)
    task = ExperimentRole(
        scope,
        "TaskRole",
        fault_rights=[rights.task_rights(location, cluster_arn(components.ecs_services.cluster))],
    )
    return ExperimentRoles(
        zone=zone.role,
        network=way_out.role,
        database=database.role,
        cache=cache.role,
        pod=pod.role,
        task=task.role,
    )
