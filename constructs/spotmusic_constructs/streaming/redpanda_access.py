"""The topics of the event stream, and what each service may do with them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks
from constructs import Construct, IConstruct

from spotmusic_constructs.kubernetes.helm_release import HelmRelease, LocalChart
from spotmusic_constructs.streaming.redpanda import BOOTSTRAP_USER, MECHANISM, RELEASE

PREFIX = "events."


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One topic.

    Args:
        name: its name, which starts with `events.`.
        partitions: partitions; consumers of one group share them, so they bound how many can work at once.
        retention_hours: hours until an event is gone.
    """

    name: str
    partitions: int = 12
    retention_hours: int = 168


LISTENING = Topic(name=f"{PREFIX}listening")
"""Who plays what: recommendations and trends read it."""


class RedpandaAccess(Construct):
    """Topics and access rules. Without them a service's user may do nothing: Redpanda authorizes every request.

    Creates the release of the chart `charts/redpanda-access`, a job that runs again when something of this changes. A topic or
    user that is no longer named here stays until somebody deletes it, because events cannot be had back.

    Args:
        cluster: cluster with a kubectl provider.
        chart: the chart `charts/redpanda-access`.
        image: image of the brokers, by its name in our registry; it has the command `rpk`.
        users: services that talk to the stream. Each reads, writes and creates topics that start with `events.`, in groups that start
            with its name.
        topics: topics that exist from the beginning.
        namespace: namespace of the brokers.
        after: constructs that must be deployed before: the brokers.

    Example:
        RedpandaAccess(self, "RedpandaAccess", cluster=cluster, chart=LocalChart(path=charts / "redpanda-access"), image=image,
                       users=secrets.redpanda_users, after=[redpanda])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: eks.ICluster,
        chart: LocalChart,
        image: str,
        users: Iterable[str],
        topics: Sequence[Topic] = (LISTENING,),
        namespace: str = "redpanda",
        after: Sequence[IConstruct] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        self.release = HelmRelease(
            self,
            "Release",
            cluster=cluster,
            chart=chart,
            release="redpanda-access",
            namespace=namespace,
            # The job tries again until the brokers answer.
            wait=False,
            timeout=cdk.Duration.minutes(5),
            after=after,
            values={
                "image": image,
                "brokers": f"{RELEASE}.{namespace}.svc.cluster.local:9093",
                "mechanism": MECHANISM,
                "superuserSecret": BOOTSTRAP_USER,
                "tlsSecret": f"{RELEASE}-default-cert",
                "prefix": PREFIX,
                "topics": {topic.name: {"partitions": topic.partitions, "retentionHours": topic.retention_hours} for topic in topics},
                "users": list(users),
            },
        )
