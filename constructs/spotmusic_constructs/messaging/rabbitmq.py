"""RabbitMQ cluster of the task broker."""

from collections.abc import Iterator, Mapping
from typing import Unpack

from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from spotmusic_constructs.arns import secret_arn
from spotmusic_constructs.kubernetes.certificate import Certificate, service_names
from spotmusic_constructs.kubernetes.external_secret import ExternalSecret, SecretField
from spotmusic_constructs.kubernetes.helm_release import ChartRelease, LocalChart, Placement
from spotmusic_constructs.kubernetes.pod import (
    BROKER_NODES,
    BROKER_TOLERATIONS,
    STATEFUL_PRIORITY,
    apart,
    resources,
    spread,
)
from spotmusic_constructs.messaging.topology import MONITOR

RELEASE = "rabbitmq"
"""Name of the release, the cluster, its Service and the label of its pods."""
TLS = "rabbitmq-tls"
DEFAULT_USER = "rabbitmq-default-user"
AMQPS_PORT = 5671
MANAGEMENT_PORT = 15671
REPLICAS = 3
LABELS = {"app.kubernetes.io/name": RELEASE}
IMPORTED = {"rabbitmq.com/topology-operator": "true"}
"""Label of the Secrets that the topology operator watches. It applies a changed password within
seconds, and its webhook rejects a user if the Secret lacks the label (messaging-topology-operator
1.20, pull request 1205)."""


class RabbitMQ(ChartRelease):
    """Three RabbitMQ nodes in three zones, with quorum queues and TLS only.

    Creates the release of the chart `charts/rabbitmq`, which completes when every node is ready. It
    requires the resources in `external_secrets` and `certificates`, and `RabbitMQOperators` in the
    same namespace. `TaskTopology` creates queues and users, and reads `user_secrets` and
    `monitor_secret`.

    Args:
        chart: the chart `charts/rabbitmq`.
        rabbitmq_image: image of the nodes, by its name in our registry.
        default_user: JSON secret with `username` and `password` of the administrator.
        users: JSON secret with `username` (the key) and `password` by service.
        monitor: JSON secret with `username` and `password` of the monitoring user. Default: no such
            user.
        host: host name in the certificate, for clients outside the cluster.
        memory_gib: memory of each node, in GiB.
        storage_gib: volume of each node, in GiB.
        storage_class: class of the volumes.
        zones: availability zones of the cluster; pods start only when each zone has a Kubernetes
            node.
        namespace: existing namespace with Pod Security `restricted`.
        placement: cluster, and constructs that must be deployed before: the operators.

    Example:
        RabbitMQ(self, "RabbitMQ", cluster=cluster, chart=LocalChart(path=charts / "rabbitmq"),
                 rabbitmq_image=rabbitmq_image, default_user=secrets.rabbitmq_default_user,
                 users=secrets.rabbitmq_users, host="brokers.internal.spotmusic.example",
                 after=[operators])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        chart: LocalChart,
        rabbitmq_image: str,
        default_user: secretsmanager.ISecret,
        users: Mapping[str, secretsmanager.ISecret],
        host: str,
        monitor: secretsmanager.ISecret | None = None,
        memory_gib: int = 2,
        storage_gib: int = 20,
        storage_class: str = "gp3",
        zones: int = 3,
        namespace: str = "rabbitmq",
        **placement: Unpack[Placement],
    ) -> None:
        everybody = {**users, **({MONITOR: monitor} if monitor else {})}
        names = (
            *service_names(RELEASE, namespace),
            *service_names(f"{RELEASE}-nodes", namespace, pods=True),
            host,
        )
        super().__init__(
            scope,
            construct_id,
            chart=chart,
            release=RELEASE,
            namespace=namespace,
            # Deleted before the operators. Never atomic: a rollback cannot revert the StatefulSet.
            wait=True,
            minutes=12,
            values={
                "image": rabbitmq_image,
                "replicas": REPLICAS,
                "storage": {"class": storage_class, "size": f"{storage_gib}Gi"},
                "resources": resources(cpu="1", memory=f"{memory_gib}Gi"),
                "tlsSecret": TLS,
                "defaultUserSecret": DEFAULT_USER,
                "nodeSelector": BROKER_NODES,
                "tolerations": BROKER_TOLERATIONS,
                "topologySpreadConstraints": [spread(LABELS, zones=min(REPLICAS, zones))],
                "affinity": apart(LABELS),
                "priorityClassName": STATEFUL_PRIORITY,
            },
            **placement,
        )
        self.user_secrets = {name: _secret_name(name) for name in users}
        self.monitor_secret = _secret_name(MONITOR) if monitor else None
        self.external_secrets = (
            _administrator(namespace, default_user),
            *_users(namespace, everybody),
        )
        self.certificates = (Certificate(namespace=namespace, name=TLS, dns_names=names),)


def _secret_name(user: str) -> str:
    return f"rabbitmq-user-{user}"


def _administrator(namespace: str, secret: secretsmanager.ISecret) -> ExternalSecret:
    """Administrator credentials as a Service Binding Secret, the operator's format."""
    return ExternalSecret(
        namespace=namespace,
        name=DEFAULT_USER,
        fields=_credentials(secret),
        template={
            "username": "{{ .username }}",
            "password": "{{ .password }}",
            "default_user.conf": "default_user = {{ .username }}\ndefault_pass = {{ .password }}\n",
            "host": f"{RELEASE}.{namespace}.svc",
            "port": str(AMQPS_PORT),
            "provider": "rabbitmq",
            "type": "rabbitmq",
        },
    )


def _users(namespace: str, users: Mapping[str, secretsmanager.ISecret]) -> Iterator[ExternalSecret]:
    for name, secret in users.items():
        yield ExternalSecret(
            namespace=namespace,
            name=_secret_name(name),
            fields=_credentials(secret),
            labels=IMPORTED,
        )


def _credentials(secret: secretsmanager.ISecret) -> dict[str, SecretField]:
    return {
        field: SecretField(secret_arn=secret_arn(secret), field=field)
        for field in ("username", "password")
    }
