"""Redpanda cluster of the event stream."""

from collections.abc import Mapping
from typing import Literal, Unpack

from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from spotmusic_constructs.arns import secret_arn
from spotmusic_constructs.kubernetes.certificate import Certificate
from spotmusic_constructs.kubernetes.external_secret import ExternalSecret, SecretField
from spotmusic_constructs.kubernetes.helm_release import ChartRelease, Placement
from spotmusic_constructs.kubernetes.images import ChartWithImages, Images, images_of
from spotmusic_constructs.streaming import redpanda_values as values
from spotmusic_constructs.streaming.redpanda_values import (
    BOOTSTRAP_USER,
    EXTERNAL_TLS,
    LABELS,
    MECHANISM,
    RELEASE,
    USERS,
)
from spotmusic_constructs.streaming.tiered_storage import TieredStorage

__all__ = ["BOOTSTRAP_USER", "LABELS", "MECHANISM", "RELEASE", "Redpanda"]


class Redpanda(ChartRelease):
    """Redpanda brokers over the zones, with TLS and SASL on every listener.

    Creates the release. Pods of the cluster connect to port 9093; other clients connect through a
    load balancer to 9094. The advertised address is `host`, with port 9100 for the first broker and
    9101 for the second. A topic has three replicas in different zones, so the loss of a zone loses
    no event. The release requires the resources in `external_secrets` and `certificates`.

    Enterprise features are off, except for `tiered_storage`.

    Args:
        chart: chart `redpanda` at one version, with its images.
        images: names of images in our registry.
        admin: JSON secret with the `password` of the chart's superuser kubernetes-controller.
        users: JSON secret with `username` and `password` by client service.
        host: host name of the load balancer, for clients outside the cluster.
        brokers: odd number of brokers. Three survive the loss of a zone; a single one loses every
            event with its volume.
        zones: availability zones of the cluster; brokers start only when each zone has a node.
        cpu: cores of each broker.
        memory_gib: memory of each broker, in GiB; Redpanda requires 2 per core.
        storage_gib: volume of each broker, in GiB.
        storage_class: class of the volumes.
        tiered_storage: bucket and role for older events, an Enterprise feature. Default: events
            stay on the brokers.
        minimum_replication: minimum number of replicas of a topic; 3 survive the loss of a zone.
        namespace: existing namespace with Pod Security `restricted`.
        placement: cluster, and constructs that must be deployed before.

    Raises:
        ValueError: if the number of brokers is even, or memory is below 2 GiB per core.

    Example:
        Redpanda(self, "Redpanda", cluster=cluster, chart=versions.REDPANDA, images=images,
                 admin=secrets.redpanda_admin, users=secrets.redpanda_users,
                 host="brokers.internal.spotmusic.example")
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        chart: ChartWithImages,
        images: Images,
        admin: secretsmanager.ISecret,
        users: Mapping[str, secretsmanager.ISecret],
        host: str,
        brokers: int = 3,
        zones: int = 3,
        cpu: int = 1,
        memory_gib: int = 4,
        storage_gib: int = 50,
        storage_class: str = "gp3",
        tiered_storage: TieredStorage | None = None,
        minimum_replication: Literal[1, 3] = 3,
        namespace: str = "redpanda",
        **placement: Unpack[Placement],
    ) -> None:
        if brokers % 2 == 0:
            raise ValueError(
                f"brokers: {brokers} is even, which gives no better quorum than {brokers - 1}. "
                "Use 1, 3, 5, 7 or 9."
            )
        if memory_gib < 2 * cpu:
            raise ValueError(
                f"memory_gib: {memory_gib} for {cpu} cores is less than 2 GiB per core. "
                f"Use {2 * cpu} or more."
            )
        names = images_of(chart, images)
        licenses = (tiered_storage.external_secret,) if tiered_storage else ()
        super().__init__(
            scope,
            construct_id,
            chart=chart,
            release=RELEASE,
            namespace=namespace,
            # A StatefulSet cannot be rolled back, and brokers join one after another.
            wait=False,
            minutes=13,
            values={
                "fullnameOverride": RELEASE,
                "image": names["broker"].named,
                "console": {"enabled": False},
                "tests": {"enabled": False},
                "logging": {"usageStats": {"enabled": False}},
                "monitoring": values.monitoring(namespace),
                "rackAwareness": {"enabled": True, "nodeAnnotation": "topology.kubernetes.io/zone"},
                **values.security(),
                **values.listeners(host, brokers),
                "config": {
                    "cluster": values.cluster_properties(minimum_replication, brokers=brokers)
                },
                # Tuning requires a privileged container. Nodes of Auto Mode keep the kernel's
                # aio-max-nr of 65536: Seastar gives each core fewer control blocks for network I/O,
                # so fewer connections, and logs a warning.
                "tuning": {"tune_aio_events": False},
                "resources": values.broker_resources(cpu, memory_gib),
                "storage": values.storage(
                    storage_gib,
                    storage_class,
                    tiered_storage.config if tiered_storage else {"cloud_storage_enabled": False},
                ),
                **(tiered_storage.to_values() if tiered_storage else {}),
                "statefulset": values.stateful_set(
                    brokers, names, zones=zones, tiered=tiered_storage is not None
                ),
                "post_install_job": {"enabled": True, "podTemplate": {"spec": values.job_pod()}},
            },
            **placement,
        )
        if tiered_storage:
            # A policy that names only its role is deleted first, while brokers still upload.
            self.node.add_dependency(tiered_storage)
        self.external_secrets = (
            _bootstrap(namespace, admin),
            _users(namespace, users, admin),
            *licenses,
        )
        self.certificates = (
            Certificate(namespace=namespace, name=EXTERNAL_TLS, dns_names=(host,)),
        )


def _bootstrap(namespace: str, admin: secretsmanager.ISecret) -> ExternalSecret:
    return ExternalSecret(
        namespace=namespace,
        name=BOOTSTRAP_USER,
        fields={"password": SecretField(secret_arn=secret_arn(admin), field="password")},
    )


def _users(
    namespace: str, users: Mapping[str, secretsmanager.ISecret], admin: secretsmanager.ISecret
) -> ExternalSecret:
    """File of all users in the chart's format, one per line."""
    variables = {name: name.replace("-", "_") for name in users}
    lines = [f"{name}:{{{{ .{variable} }}}}:{MECHANISM}" for name, variable in variables.items()]
    fields = {
        variable: SecretField(secret_arn=secret_arn(users[name]), field="password")
        for name, variable in variables.items()
    }
    return ExternalSecret(
        namespace=namespace,
        name=USERS,
        # External Secrets requires a source, also for an empty file.
        fields=fields or _bootstrap(namespace, admin).fields,
        template={"users.txt": "\n".join(lines) + "\n"},
    )
