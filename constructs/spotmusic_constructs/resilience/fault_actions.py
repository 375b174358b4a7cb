"""Faults as actions of AWS FIS. Source: its user guide, actions reference and targets, 2026-11.

EKS Auto Mode does not allow AWS FIS to stop or terminate its instances (Amazon EKS user guide,
managed instances). Deletion of pods without grace simulates the loss of a node.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from spotmusic_constructs.resilience.experiment import PODS, Action, Target

MINUTES = "PT10M"
"""Duration of a fault with an end: longer than detection and failover."""


@dataclass(frozen=True, kw_only=True)
class Brokers:
    """Pods of a broker.

    Args:
        cluster: name or ARN of the cluster.
        namespace: namespace of the pods.
        label: label that no other pod of the namespace has, as `name=value`. AWS FIS rejects a
            comma between two.
        service_account: service account of the pod of AWS FIS.
        image: image of the pod of AWS FIS.
    """

    cluster: str
    namespace: str
    label: str
    service_account: str
    image: str

    def deleted(self, *, grace_seconds: int | None = None, zone: str | None = None) -> Action:
        """Return the deletion of one pod.

        Args:
            grace_seconds: termination grace period, 0 as for a node without power. Default: that of
                the pod.
            zone: zone of the pod. Default: any.
        """
        where = {"availabilityZoneIdentifier": zone} if zone else {}
        grace = {} if grace_seconds is None else {"gracePeriodSeconds": str(grace_seconds)}
        return Action(
            action_id="aws:eks:pod-delete",
            target_key="Pods",
            target=Target(
                resource_type=PODS,
                parameters={
                    "clusterIdentifier": self.cluster,
                    "namespace": self.namespace,
                    "selectorType": "labelSelector",
                    "selectorValue": self.label,
                    **where,
                },
                selection="COUNT(1)",
            ),
            parameters={
                "kubernetesServiceAccount": self.service_account,
                "fisPodContainerImage": self.image,
                "fisPodSecurityPolicy": "restricted",
                **grace,
            },
        )


def zone_cut_off(zone: str, *, vpc_id: str, tags: Mapping[str, str]) -> Action:
    """Return the loss of the network of a zone: no traffic enters or leaves its subnets."""
    return _cut_off(
        Target(
            resource_type="aws:ec2:subnet",
            tags=tags,
            parameters={"availabilityZoneIdentifier": zone, "vpc": vpc_id},
        )
    )


def way_out_cut_off(*, vpc_id: str, tags: Mapping[str, str]) -> Action:
    """Return the loss of a NAT gateway, with that of its public subnet.

    The subnet contains no other resources.
    """
    return _cut_off(
        Target(
            resource_type="aws:ec2:subnet",
            tags=tags,
            parameters={"vpc": vpc_id},
            selection="COUNT(1)",
        )
    )


def _cut_off(subnets: Target) -> Action:
    parameters = {"scope": "all", "duration": MINUTES}
    return Action(
        action_id="aws:network:disrupt-connectivity",
        target_key="Subnets",
        target=subnets,
        parameters=parameters,
    )


def database_failed_over(
    identifier: str, *, tags: Mapping[str, str], zone: str | None = None
) -> Action:
    """Return the failover of a database.

    Args:
        identifier: identifier of the database, because the copy of a restore test has the same
            tags.
        tags: tags of the database.
        zone: zone of its primary. Default: any.
    """
    where = {"availabilityZoneIdentifiers": zone} if zone else {}
    instance = Target(
        resource_type="aws:rds:db",
        tags=tags,
        parameters=where,
        filters={"DBInstanceIdentifier": identifier},
    )
    return Action(
        action_id="aws:rds:reboot-db-instances",
        target_key="DBInstances",
        target=instance,
        parameters={"forceFailover": "true"},
    )


def cache_without_power(zone: str, *, tags: Mapping[str, str]) -> Action:
    """Return the loss of the cache node in a zone. AWS FIS finds the cache by tags only."""
    group = Target(
        resource_type="aws:elasticache:replicationgroup",
        tags=tags,
        parameters={"availabilityZoneIdentifier": zone},
    )
    return Action(
        action_id="aws:elasticache:replicationgroup-interrupt-az-power",
        target_key="ReplicationGroups",
        target=group,
        parameters={"duration": MINUTES},
    )


def task_stopped(*, cluster_name: str, service: str, tags: Mapping[str, str]) -> Action:
    """Return the stop of a task of a service on ECS, of any version during a deployment."""
    task = Target(
        resource_type="aws:ecs:task",
        tags=tags,
        parameters={"cluster": cluster_name, "service": service},
        selection="COUNT(1)",
    )
    return Action(action_id="aws:ecs:stop-task", target_key="Tasks", target=task)
