"""What Redpanda's chart is told, part by part."""

from collections.abc import Mapping

from spotmusic_constructs.kubernetes.certificate import INTERNAL_CA
from spotmusic_constructs.kubernetes.images import Image
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
BOOTSTRAP_PORT = 9093
"""Port of Kafka for pods of the cluster, and listener of the load balancer that leads to any broker."""
EXTERNAL_PORT = 9094
"""Port of Kafka for clients outside the cluster."""
SCHEMA_REGISTRY_EXTERNAL_PORT = 8084
ADVERTISED_SCHEMA_REGISTRY_PORT = 9099
"""Listener of the load balancer, between the bootstrap and the brokers: one rule covers all of them."""
FIRST_ADVERTISED_PORT = 9100
"""Broker i is advertised on this port plus i: one listener of the load balancer for each."""
CACHE = "/var/lib/redpanda/data/cloud_storage_cache"
"""Where the chart puts what was fetched from Amazon S3, on the broker's own volume."""
USER = 101
"""User and group of the brokers' image."""
LABELS = {
    f"app.kubernetes.io/{key}": value for key, value in (("component", "redpanda-statefulset"), ("instance", RELEASE), ("name", RELEASE))
}


def security() -> dict[str, object]:
    """Passwords and certificates: everybody logs in, over TLS of our own authority."""
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


def listeners(host: str, brokers: int) -> dict[str, object]:
    """The inner listeners, and those that the load balancer leads to: Kafka, advertised broker by broker, and the schema registry."""
    closed = {"external": {"default": {"enabled": False}}}
    kafka = {
        "enabled": True,
        "port": EXTERNAL_PORT,
        "advertisedPorts": [FIRST_ADVERTISED_PORT + broker for broker in range(brokers)],
        "authenticationMethod": "sasl",
        "tls": {"enabled": True, "cert": "external", "requireClientAuth": False},
    }
    # Whoever logs in may read and write every schema: to tell users apart there needs an Enterprise licence.
    registry = {
        "enabled": True,
        "port": SCHEMA_REGISTRY_EXTERNAL_PORT,
        "advertisedPorts": [ADVERTISED_SCHEMA_REGISTRY_PORT],
        "authenticationMethod": "http_basic",
        "tls": {"enabled": True, "cert": "external", "requireClientAuth": False},
    }
    return {
        # The load balancer is ours: no Service of the chart opens a port of the nodes.
        "external": {"enabled": True, "addresses": [host], "service": {"enabled": False}},
        "listeners": {
            "kafka": {"authenticationMethod": "sasl", "external": {"default": kafka}},
            "admin": closed,
            "http": {"enabled": False, **closed},
            "schemaRegistry": {"enabled": True, "authenticationMethod": "http_basic", "external": {"default": registry}},
        },
    }


def cluster_properties(minimum_replication: int, *, brokers: int = 3) -> dict[str, object]:
    """The admin API stays without logins: the chart's hooks, which drain a broker before it stops, have none. Policies confine it."""
    return {
        "auto_create_topics_enabled": False,
        "default_topic_replications": min(brokers, 3),
        # Three by default, which a single broker cannot hold.
        **({"internal_topic_replication_factor": 1} if brokers == 1 else {}),
        "minimum_topic_replications": minimum_replication,
        "default_topic_partitions": 12,
        # Without the last of these there is no metric of how far consumers are behind.
        "enable_consumer_group_metrics": ["group", "partition", "consumer_lag"],
        "consumer_group_lag_collection_interval_sec": 30,
        # What these two would be by themselves needs a licence, of which a new cluster has one for thirty days only.
        "partition_autobalancing_mode": "node_add",
        "core_balancing_continuous": False,
    }


def broker_resources(cpu: int, memory_gib: int) -> dict[str, object]:
    """What a broker asks for and gets."""
    # As much as the limit: brokers pin their cores, and Redpanda takes its memory at once.
    amount = {"cpu": str(cpu), "memory": f"{memory_gib}Gi"}
    return {"requests": amount, "limits": amount}


def storage(gib: int, storage_class: str, tiered: Mapping[str, object] | None) -> dict[str, object]:
    """The volumes, and what lies beyond them in Amazon S3."""
    beyond = dict(tiered or {"config": {"cloud_storage_enabled": False}})
    config = beyond.pop("config")
    return {
        "storage": {
            "persistentVolume": {"enabled": True, "size": f"{gib}Gi", "storageClass": storage_class},
            "tiered": {"mountType": "none", "config": config},
        },
        **beyond,
    }


def monitoring(namespace: str) -> dict[str, object]:
    """What Prometheus scrapes, over TLS that it verifies."""
    authority = {"secret": {"name": f"{RELEASE}-default-cert", "key": "ca.crt"}}
    return {"enabled": True, "scrapeInterval": "30s", "tlsConfig": {"ca": authority, "serverName": f"{RELEASE}.{namespace}.svc"}}


def stateful_set(brokers: int, names: Mapping[str, Image], *, zones: int = 3, tiered: bool = False) -> dict[str, object]:
    """The brokers, their images, where they run and what their containers may do."""
    # The chart would give the cache of tiered storage to the brokers as root; their group has the volume anyway (fsGroup).
    cache = {
        "name": "set-tiered-storage-cache-dir-ownership",
        "command": ["/bin/mkdir", "-p", CACHE],
        "securityContext": {**READ_ONLY_CONTAINER, "runAsUser": USER, "runAsGroup": USER},
        "resources": resources(cpu="10m", memory="32Mi"),
    }
    small = resources(cpu="50m", memory="128Mi", limit="256Mi")
    return {
        "replicas": brokers,
        "budget": {"maxUnavailable": 1},
        "initContainerImage": names["init"].named,
        "sideCars": {
            "image": names["sidecar"].named,
            "brokerDecommissioner": {"enabled": True},
            # It gives the brokers each password that changes in the file of users; without this it makes all of them superusers.
            "args": ["--no-set-superusers"],
        },
        "podTemplate": {
            "spec": {
                "priorityClassName": "spotmusic-stateful",
                "nodeSelector": BROKER_NODES,
                "tolerations": BROKER_TOLERATIONS,
                "affinity": apart(LABELS),
                "topologySpreadConstraints": [spread(LABELS, zones=min(brokers, zones))],
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
                    *([cache] if tiered else []),
                ],
            }
        },
    }


def job_pod() -> dict[str, object]:
    """The job that sets cluster properties after each release."""
    small = resources(cpu="100m", memory="128Mi", limit="256Mi")
    # The chart's own command but for the folder of users, all of whom it would make superusers, above every rule of access
    # (redpanda-operator 26.2.1, sync-cluster-config): a folder that is not there names none.
    command = ["/redpanda-operator", "sync-cluster-config", "--users-directory", "/nobody"]
    command += ["--redpanda-yaml", "/tmp/base-config/redpanda.yaml", "--bootstrap-yaml", "/tmp/config/.bootstrap.yaml"]  # noqa: S108
    return {
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}, "runAsNonRoot": True},
        "containers": [{"name": "post-install", "command": command, "securityContext": READ_ONLY_CONTAINER, "resources": small}],
        "initContainers": [{"name": "bootstrap-yaml-envsubst", "securityContext": READ_ONLY_CONTAINER}],
    }
