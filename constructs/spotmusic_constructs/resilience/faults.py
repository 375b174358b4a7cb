"""The faults that can be practised, as actions of AWS FIS. Source: its user guide, actions reference and targets, read 2026-11.

EKS Auto Mode lets nobody stop or terminate its instances, AWS FIS included (Amazon EKS user guide, managed instances): what a lost
node takes along is taken away instead, pod by pod and without grace.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from spotmusic_constructs.resilience.experiment import PODS, Action, Target

MINUTES = "PT10M"
"""How long a fault lasts that ends by itself: longer than detection and failover take, shorter than a coffee break."""


@dataclass(frozen=True, kw_only=True)
class Brokers:
    """Pods of a broker.

    Args:
        cluster: name or ARN of the cluster.
        namespace: their namespace.
        label: the label that nothing else bears there, as `name=value`. One: AWS FIS refuses the comma between two.
        service_account: service account of that namespace with which the pod of AWS FIS deletes one.
        image: image of that pod.
    """

    cluster: str
    namespace: str
    label: str
    service_account: str
    image: str

    def deleted(self, *, grace_seconds: int | None = None, zone: str | None = None) -> Action:
        """Returns the loss of one of them.

        Args:
            grace_seconds: seconds that it has to say farewell; its own when left out, 0 as when its node loses power.
            zone: zone that it runs in; any when left out.
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
    """Returns the loss of a zone's network: nothing enters or leaves its subnets."""
    return _cut_off(Target(resource_type="aws:ec2:subnet", tags=tags, parameters={"availabilityZoneIdentifier": zone, "vpc": vpc_id}))


def way_out_cut_off(*, vpc_id: str, tags: Mapping[str, str]) -> Action:
    """Returns the loss of a NAT gateway, by that of the public subnet in which it stands alone."""
    return _cut_off(Target(resource_type="aws:ec2:subnet", tags=tags, parameters={"vpc": vpc_id}, selection="COUNT(1)"))


def _cut_off(subnets: Target) -> Action:
    parameters = {"scope": "all", "duration": MINUTES}
    return Action(action_id="aws:network:disrupt-connectivity", target_key="Subnets", target=subnets, parameters=parameters)


def database_failed_over(identifier: str, *, tags: Mapping[str, str], zone: str | None = None) -> Action:
    """Returns the loss of a primary database.

    Args:
        identifier: its identifier: the copy of a restore test bears its tags, and another name.
        tags: its tags.
        zone: zone in which its primary has to stand; whichever when left out.
    """
    where = {"availabilityZoneIdentifiers": zone} if zone else {}
    instance = Target(resource_type="aws:rds:db", tags=tags, parameters=where, filters={"DBInstanceIdentifier": identifier})
    return Action(action_id="aws:rds:reboot-db-instances", target_key="DBInstances", target=instance, parameters={"forceFailover": "true"})


def cache_without_power(zone: str, *, tags: Mapping[str, str]) -> Action:
    """Returns the loss of the cache's node in a zone; a replica takes over where that was the primary. AWS FIS finds it by tags only."""
    group = Target(resource_type="aws:elasticache:replicationgroup", tags=tags, parameters={"availabilityZoneIdentifier": zone})
    return Action(
        action_id="aws:elasticache:replicationgroup-interrupt-az-power",
        target_key="ReplicationGroups",
        target=group,
        parameters={"duration": MINUTES},
    )


def task_stopped(*, cluster: str, service: str, tags: Mapping[str, str]) -> Action:
    """Returns the loss of a task of a service on ECS: during a deployment, of its old or its new version."""
    task = Target(resource_type="aws:ecs:task", tags=tags, parameters={"cluster": cluster, "service": service}, selection="COUNT(1)")
    return Action(action_id="aws:ecs:stop-task", target_key="Tasks", target=task)
