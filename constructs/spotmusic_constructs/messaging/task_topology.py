"""Queues and users of the task broker."""

from typing import Unpack

from constructs import Construct

from spotmusic_constructs.kubernetes.helm_release import ChartRelease, LocalChart, Placement
from spotmusic_constructs.messaging.rabbitmq import RELEASE
from spotmusic_constructs.messaging.topology import Topology


class TaskTopology(ChartRelease):
    """Virtual host with exchanges, queues, policies, users and their permissions.

    Creates the release of the chart `charts/rabbitmq-topology`; the topology operator applies its
    resources to RabbitMQ. Changes keep waiting messages. A queue removed from the topology keeps
    its messages until it is deleted by hand; a user removed from it is deleted.

    Args:
        chart: the chart `charts/rabbitmq-topology`.
        topology: queues and users.
        namespace: namespace of the RabbitmqCluster.
        placement: cluster, and constructs that must be deployed before: the nodes, and with them
            the operators.

    Example:
        TaskTopology(self, "TaskTopology", cluster=cluster,
                     chart=LocalChart(path=charts / "rabbitmq-topology"), topology=topology,
                     after=[rabbitmq])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        chart: LocalChart,
        topology: Topology,
        namespace: str = RELEASE,
        **placement: Unpack[Placement],
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            chart=chart,
            release="rabbitmq-topology",
            namespace=namespace,
            # The release completes when RabbitMQ has every resource. Deletion waits for the
            # finalizers of users, which need operators and nodes.
            wait=True,
            minutes=10,
            values={"cluster": RELEASE, **topology.to_values()},
            **placement,
        )
