"""The queues of the task broker and the users that work with them, as code."""

from typing import Unpack

import aws_cdk as cdk
from constructs import Construct

from spotmusic_constructs.kubernetes.helm_release import ChartRelease, LocalChart, Placement
from spotmusic_constructs.messaging.rabbitmq import RELEASE
from spotmusic_constructs.messaging.topology import Topology


class TaskTopology(ChartRelease):
    """The virtual host, its exchanges, queues and policies, and the users with their permissions.

    Creates the release of the chart `charts/rabbitmq-topology`, whose resources the topology operator turns into what RabbitMQ holds.
    A change is made while messages wait. A queue that is no longer named keeps its messages until somebody deletes it by hand; a user
    that is no longer named is gone.

    Args:
        chart: the chart `charts/rabbitmq-topology`.
        topology: what there shall be.
        rabbitmq: name of the RabbitmqCluster.
        namespace: its namespace.
        placement: cluster, and constructs that must be deployed before: the nodes, which answer by then, and so the operators.

    Example:
        TaskTopology(self, "TaskTopology", cluster=cluster, chart=LocalChart(path=charts / "rabbitmq-topology"),
                     topology=Topology(queues=[mail], users={"web-api": "rabbitmq-user-web-api"}), after=[rabbitmq])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        chart: LocalChart,
        topology: Topology,
        rabbitmq: str = RELEASE,
        namespace: str = RELEASE,
        **placement: Unpack[Placement],
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            chart=chart,
            release="rabbitmq-topology",
            namespace=namespace,
            # It is done when RabbitMQ holds everything; and when it goes, users are taken back while operators and nodes still are
            # there, for whom their finalizers would otherwise wait for ever.
            wait=True,
            timeout=cdk.Duration.minutes(10),
            values={"cluster": rabbitmq, **topology.to_values()},
            **placement,
        )
