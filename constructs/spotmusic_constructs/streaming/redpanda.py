"""The event stream: a Redpanda cluster over three zones that clients outside the cluster reach broker by broker."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct, IConstruct

from spotmusic_constructs.kubernetes.certificate import INTERNAL_CA, Certificate
from spotmusic_constructs.kubernetes.external_secret import ExternalSecret, SecretField
from spotmusic_constructs.kubernetes.helm_release import HelmRelease
from spotmusic_constructs.kubernetes.images import ChartWithImages, Image, Images, images_of
from spotmusic_constructs.kubernetes.pod import (
    BROKER_NODES,
    BROKER_TOLERATIONS,
    CONTAINER_SECURITY,
    READ_ONLY_CONTAINER,
    apart,
    resources,
    spread,
)

RELEASE = "redpanda"
USERS = "redpanda-users"
BOOTSTRAP_USER = "redpanda-bootstrap-user"
EXTERNAL_TLS = "redpanda-external-tls"
MECHANISM = "SCRAM-SHA-512"
EXTERNAL_PORT = 9094
FIRST_ADVERTISED_PORT = 9100
"""Broker i is advertised on this port plus i: one listener of the load balancer for each."""
LABELS = {
    f"app.kubernetes.io/{key}": value for key, value in (("component", "redpanda-statefulset"), ("instance", RELEASE), ("name", RELEASE))
}


class Redpanda(Construct):
    """Three brokers or more, each in its zone, with TLS and SASL on every listener.

    Creates the release. Pods of the cluster reach the brokers on 9093; everybody else goes through a load balancer to 9094, and
    is told `host`, 9100 for the first broker, 9101 for the second. A topic has three replicas, and the cluster knows its zones, so that
    the loss of one costs no event. The stack makes what `external_secrets` and `certificates` name, and the release comes after.

    Tiered storage, an Enterprise feature, is off.

    Args:
        cluster: cluster with a kubectl provider.
        chart: chart `redpanda` at one version, with its images.
        images: names of images in our registry.
        admin: JSON secret with the `password` of the superuser that the chart calls kubernetes-controller.
        users: JSON secret with `username` and `password` by service that talks to the stream.
        host: name of the load balancer, which clients outside the cluster connect to.
        brokers: number of brokers, odd, three at least.
        cpu: cores of each broker.
        memory_gib: memory of each broker, in GiB; Redpanda asks for 2 per core.
        storage_gib: volume of each broker, in GiB.
        storage_class: class of the volumes.
        namespace: existing namespace with Pod Security `restricted`.
        after: constructs that must be deployed before.

    Raises:
        ValueError: when brokers are even or fewer than three, or memory is below 2 GiB per core.

    Example:
        Redpanda(self, "Redpanda", cluster=cluster, chart=versions.REDPANDA, images=registry.images, admin=secrets.redpanda_admin,
                 users=secrets.redpanda_users, host="brokers.internal.spotmusic.example")
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: eks.ICluster,
        chart: ChartWithImages,
        images: Images,
        admin: secretsmanager.ISecret,
        users: Mapping[str, secretsmanager.ISecret],
        host: str,
        brokers: int = 3,
        cpu: int = 1,
        memory_gib: int = 4,
        storage_gib: int = 50,
        storage_class: str = "gp3",
        namespace: str = "redpanda",
        after: Sequence[IConstruct] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        if brokers < 3 or brokers % 2 == 0:
            raise ValueError(f"brokers: {brokers} keep no quorum that survives a zone. Use 3, 5, 7 or 9.")
        if memory_gib < 2 * cpu:
            raise ValueError(f"memory_gib: {memory_gib} for {cpu} cores is below 2 GiB per core (Redpanda). Use {2 * cpu} or more.")
        names = images_of(chart, images)
        self.external_secrets = (_bootstrap(namespace, admin), _users(namespace, users))
        self.certificates = (Certificate(namespace=namespace, name=EXTERNAL_TLS, dns_names=(host,)),)

        self.release = HelmRelease(
            self,
            "Release",
            cluster=cluster,
            chart=chart,
            release=RELEASE,
            namespace=namespace,
            # A StatefulSet cannot be rolled back, and brokers join one after another.
            wait=False,
            timeout=cdk.Duration.minutes(13),
            after=after,
            values={
                "fullnameOverride": RELEASE,
                "image": names["broker"].named,
                "console": {"enabled": False},
                "tests": {"enabled": False},
                "logging": {"usageStats": {"enabled": False}},
                "monitoring": _monitoring(namespace),
                "rackAwareness": {"enabled": True, "nodeAnnotation": "topology.kubernetes.io/zone"},
                **_security(),
                **_listeners(host, brokers),
                "config": {"cluster": _cluster_properties()},
                # Asynchronous I/O is tuned on the node (aio-max-nr); here it would take a privileged container.
                "tuning": {"tune_aio_events": False},
                "resources": _resources(cpu, memory_gib),
                "storage": {
                    "persistentVolume": {"enabled": True, "size": f"{storage_gib}Gi", "storageClass": storage_class},
                    "tiered": {"mountType": "none", "config": {"cloud_storage_enabled": False}},
                },
                "statefulset": _stateful_set(brokers, names),
                "post_install_job": {"enabled": True, "podTemplate": {"spec": _job_pod()}},
            },
        )


def _bootstrap(namespace: str, admin: secretsmanager.ISecret) -> ExternalSecret:
    return ExternalSecret(
        namespace=namespace, name=BOOTSTRAP_USER, fields={"password": SecretField(secret_arn=admin.secret_arn, field="password")}
    )


def _users(namespace: str, users: Mapping[str, secretsmanager.ISecret]) -> ExternalSecret:
    """All users in one file, a line each, as the chart reads them."""
    variables = {name: name.replace("-", "_") for name in users}
    lines = [f"{name}:{{{{ .{variable} }}}}:{MECHANISM}" for name, variable in variables.items()]
    fields = {variable: SecretField(secret_arn=users[name].secret_arn, field="password") for name, variable in variables.items()}
    return ExternalSecret(namespace=namespace, name=USERS, fields=fields, template={"users.txt": "\n".join(lines) + "\n"})


def _security() -> dict[str, object]:
    issuer = {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": INTERNAL_CA}
    return {
        "auth": {
            "sasl": {
                "enabled": True,
                "mechanism": MECHANISM,
                "secretRef": USERS,
                "users": [],
                "bootstrapUser": {"mechanism": MECHANISM, "secretKeyRef": {"name": BOOTSTRAP_USER, "key": "password"}},
            }
        },
        "tls": {
            "enabled": True,
            "certs": {
                # Without its internal names the certificate would have none, and would never be issued.
                "default": {"caEnabled": True, "applyInternalDNSNames": True, "issuerRef": issuer, "duration": "2160h"},
                "external": {"caEnabled": True, "secretRef": {"name": EXTERNAL_TLS}},
            },
        },
    }


def _listeners(host: str, brokers: int) -> dict[str, object]:
    closed = {"external": {"default": {"enabled": False}}}
    kafka = {
        "enabled": True,
        "port": EXTERNAL_PORT,
        "advertisedPorts": [FIRST_ADVERTISED_PORT + broker for broker in range(brokers)],
        "authenticationMethod": "sasl",
        "tls": {"enabled": True, "cert": "external", "requireClientAuth": False},
    }
    return {
        # The load balancer is ours: no Service of the chart opens a port of the nodes.
        "external": {"enabled": True, "addresses": [host], "service": {"enabled": False}},
        "listeners": {
            "kafka": {"authenticationMethod": "sasl", "external": {"default": kafka}},
            "admin": closed,
            "http": {"enabled": False, **closed},
            "schemaRegistry": {"enabled": True, "authenticationMethod": "http_basic", **closed},
        },
    }


def _cluster_properties() -> dict[str, object]:
    """The admin API stays without logins: the chart's hooks, which drain a broker before it stops, have none. Policies confine it."""
    return {
        "auto_create_topics_enabled": False,
        "default_topic_replications": 3,
        "minimum_topic_replications": 3,
        "default_topic_partitions": 12,
    }


def _resources(cpu: int, memory_gib: int) -> dict[str, object]:
    # As much as the limit: brokers pin their cores, and Redpanda takes its memory at once.
    amount = {"cpu": str(cpu), "memory": f"{memory_gib}Gi"}
    return {"requests": amount, "limits": amount}


def _monitoring(namespace: str) -> dict[str, object]:
    authority = {"secret": {"name": f"{RELEASE}-default-cert", "key": "ca.crt"}}
    return {"enabled": True, "scrapeInterval": "30s", "tlsConfig": {"ca": authority, "serverName": f"{RELEASE}.{namespace}.svc"}}


def _stateful_set(brokers: int, names: Mapping[str, Image]) -> dict[str, object]:
    small = resources(cpu="50m", memory="128Mi", limit="256Mi")
    return {
        "replicas": brokers,
        "budget": {"maxUnavailable": 1},
        "initContainerImage": names["init"].named,
        "sideCars": {"image": names["sidecar"].named, "brokerDecommissioner": {"enabled": True}},
        "podTemplate": {
            "spec": {
                "priorityClassName": "spotmusic-stateful",
                "nodeSelector": BROKER_NODES,
                "tolerations": BROKER_TOLERATIONS,
                "affinity": apart(LABELS),
                "topologySpreadConstraints": [spread(LABELS)],
                # A broker hands its leaderships over first; the chart's hook takes up to 45 seconds of this.
                "terminationGracePeriodSeconds": 120,
                "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}, "runAsNonRoot": True},
                "containers": [
                    {"name": "redpanda", "securityContext": CONTAINER_SECURITY},
                    {"name": "sidecar", "securityContext": READ_ONLY_CONTAINER, "resources": small},
                ],
                "initContainers": [
                    {"name": "redpanda-configurator", "securityContext": CONTAINER_SECURITY, "resources": small},
                    {"name": "bootstrap-yaml-envsubst", "securityContext": READ_ONLY_CONTAINER},
                ],
            }
        },
    }


def _job_pod() -> dict[str, object]:
    """The job that sets cluster properties and users after each release."""
    small = resources(cpu="100m", memory="128Mi", limit="256Mi")
    return {
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}, "runAsNonRoot": True},
        "containers": [{"name": "post-install", "securityContext": READ_ONLY_CONTAINER, "resources": small}],
        "initContainers": [{"name": "bootstrap-yaml-envsubst", "securityContext": READ_ONLY_CONTAINER}],
    }
