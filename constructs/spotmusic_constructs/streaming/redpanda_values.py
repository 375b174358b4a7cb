"""Helm values of the Redpanda chart."""

from collections.abc import Mapping

from spotmusic_constructs.kubernetes.certificate import INTERNAL_CA
from spotmusic_constructs.kubernetes.images import Image
from spotmusic_constructs.kubernetes.pod import (
    BROKER_NODES,
    BROKER_TOLERATIONS,
    CONTAINER_SECURITY,
    READ_ONLY_CONTAINER,
    STATEFUL_PRIORITY,
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
"""Kafka port for pods of the cluster, and bootstrap listener of the load balancer."""
EXTERNAL_PORT = 9094
"""Kafka port for clients outside the cluster."""
SCHEMA_REGISTRY_EXTERNAL_PORT = 8084
ADVERTISED_SCHEMA_REGISTRY_PORT = 9099
"""Listener of the schema registry, between the bootstrap and broker ports so that one rule covers
all."""
FIRST_ADVERTISED_PORT = 9100
"""First broker port: broker i is advertised on this port plus i."""
CACHE = "/var/lib/redpanda/data/cloud_storage_cache"
"""Cache of objects from Amazon S3, on the broker's volume."""
SEGMENT_DAYS = 1
"""Days that a segment is open. Redpanda deletes and compacts closed segments only, and by default
closes those of a quiet topic after two weeks (cluster properties, log_segment_ms), so that events
would outlive their retention by that time."""
_MILLISECONDS_PER_DAY = 86_400_000
USER = 101
"""User and group of the brokers' image."""
LABELS = {
    "app.kubernetes.io/component": "redpanda-statefulset",
    "app.kubernetes.io/instance": RELEASE,
    "app.kubernetes.io/name": RELEASE,
}


def security() -> dict[str, object]:
    """Values of authentication and TLS."""
    issuer = {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": INTERNAL_CA}
    return {
        "auth": {
            "sasl": {
                "enabled": True,
                "mechanism": MECHANISM,
                "secretRef": USERS,
                "users": [],
                "bootstrapUser": {
                    "mechanism": MECHANISM,
                    "secretKeyRef": {"name": BOOTSTRAP_USER, "key": "password"},
                },
            }
        },
        "tls": {
            "enabled": True,
            "certs": {
                # Without internal names the certificate has no names and is never issued.
                "default": {
                    "caEnabled": True,
                    "applyInternalDNSNames": True,
                    "issuerRef": issuer,
                    "duration": "2160h",
                },
                "external": {"caEnabled": True, "secretRef": {"name": EXTERNAL_TLS}},
            },
        },
    }


def listeners(host: str, brokers: int) -> dict[str, object]:
    """Values of internal and external listeners: Kafka and the schema registry."""
    closed = {"external": {"default": {"enabled": False}}}
    kafka = {
        "enabled": True,
        "port": EXTERNAL_PORT,
        "advertisedPorts": [FIRST_ADVERTISED_PORT + broker for broker in range(brokers)],
        "authenticationMethod": "sasl",
        "tls": {"enabled": True, "cert": "external", "requireClientAuth": False},
    }
    # Every user may read and write every schema: authorization there requires an Enterprise
    # licence.
    registry = {
        "enabled": True,
        "port": SCHEMA_REGISTRY_EXTERNAL_PORT,
        "advertisedPorts": [ADVERTISED_SCHEMA_REGISTRY_PORT],
        "authenticationMethod": "http_basic",
        "tls": {"enabled": True, "cert": "external", "requireClientAuth": False},
    }
    return {
        # The stack creates the load balancer; the chart's Service would open node ports.
        "external": {"enabled": True, "addresses": [host], "service": {"enabled": False}},
        "listeners": {
            "kafka": {"authenticationMethod": "sasl", "external": {"default": kafka}},
            "admin": closed,
            "http": {"enabled": False, **closed},
            "schemaRegistry": {
                "enabled": True,
                "authenticationMethod": "http_basic",
                "external": {"default": registry},
            },
        },
    }


def cluster_properties(minimum_replication: int, *, brokers: int = 3) -> dict[str, object]:
    """Values of cluster properties.

    The admin API has no authentication, because the chart's hooks, which drain a broker, use none.
    NetworkPolicies restrict it.
    """
    return {
        "auto_create_topics_enabled": False,
        "default_topic_replications": min(brokers, 3),
        "minimum_topic_replications": minimum_replication,
        "default_topic_partitions": 12,
        "log_segment_ms": SEGMENT_DAYS * _MILLISECONDS_PER_DAY,
        # By default half of a log must be new before it is compacted, and an erased event stays
        # until then (cluster properties, min_cleanable_dirty_ratio).
        "max_compaction_lag_ms": SEGMENT_DAYS * _MILLISECONDS_PER_DAY,
        # The last one enables the metric of consumer lag.
        "enable_consumer_group_metrics": ["group", "partition", "consumer_lag"],
        "consumer_group_lag_collection_interval_sec": 30,
        # The defaults of both require a licence; a new cluster has a trial licence for thirty days.
        "partition_autobalancing_mode": "node_add",
        "core_balancing_continuous": False,
    }


def broker_resources(cpu: int, memory_gib: int) -> dict[str, object]:
    """Values of a broker's resources."""
    # Equal to the limit: brokers pin their cores, and Redpanda allocates its memory at start.
    amount = {"cpu": str(cpu), "memory": f"{memory_gib}Gi"}
    return {"requests": amount, "limits": amount}


def storage(gib: int, storage_class: str, tiered_config: Mapping[str, object]) -> dict[str, object]:
    """Values of volumes and tiered storage."""
    return {
        "persistentVolume": {"enabled": True, "size": f"{gib}Gi", "storageClass": storage_class},
        "tiered": {"mountType": "none", "config": tiered_config},
    }


def monitoring(namespace: str) -> dict[str, object]:
    """Values of monitoring, over verified TLS."""
    authority = {"secret": {"name": f"{RELEASE}-default-cert", "key": "ca.crt"}}
    return {
        "enabled": True,
        "scrapeInterval": "30s",
        "tlsConfig": {"ca": authority, "serverName": f"{RELEASE}.{namespace}.svc"},
    }


def stateful_set(
    brokers: int, names: Mapping[str, Image], *, zones: int = 3, tiered: bool = False
) -> dict[str, object]:
    """Values of the StatefulSet: images, scheduling and security contexts."""
    # The chart would change the owner of the cache as root; the brokers' group owns the volume
    # (fsGroup).
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
            # The sidecar applies changed passwords of the file of users; by default it makes all
            # users superusers.
            "args": ["--no-set-superusers"],
        },
        "podTemplate": {
            "spec": {
                "priorityClassName": STATEFUL_PRIORITY,
                "nodeSelector": BROKER_NODES,
                "tolerations": BROKER_TOLERATIONS,
                "affinity": apart(LABELS),
                "topologySpreadConstraints": [spread(LABELS, zones=min(brokers, zones))],
                # A broker first transfers its leaderships; the chart's hook takes up to 45 seconds
                # of this.
                "terminationGracePeriodSeconds": 120,
                "securityContext": {
                    "seccompProfile": {"type": "RuntimeDefault"},
                    "runAsNonRoot": True,
                },
                "containers": [
                    {"name": "redpanda", "securityContext": CONTAINER_SECURITY},
                    {"name": "sidecar", "securityContext": READ_ONLY_CONTAINER, "resources": small},
                ],
                "initContainers": [
                    {
                        "name": "redpanda-configurator",
                        "securityContext": CONTAINER_SECURITY,
                        "resources": small,
                    },
                    {"name": "bootstrap-yaml-envsubst", "securityContext": READ_ONLY_CONTAINER},
                    *([cache] if tiered else []),
                ],
            }
        },
    }


def job_pod() -> dict[str, object]:
    """Values of the job that sets cluster properties after each release."""
    small = resources(cpu="100m", memory="128Mi", limit="256Mi")
    # The chart's command with a missing folder of users: it would make all of them superusers,
    # which bypass ACLs (redpanda-operator 26.2.1, sync-cluster-config).
    command = ["/redpanda-operator", "sync-cluster-config", "--users-directory", "/nobody"]
    command += [
        "--redpanda-yaml",
        "/tmp/base-config/redpanda.yaml",  # noqa: S108
        "--bootstrap-yaml",
        "/tmp/config/.bootstrap.yaml",  # noqa: S108
    ]
    return {
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}, "runAsNonRoot": True},
        "containers": [
            {
                "name": "post-install",
                "command": command,
                "securityContext": READ_ONLY_CONTAINER,
                "resources": small,
            }
        ],
        "initContainers": [
            {"name": "bootstrap-yaml-envsubst", "securityContext": READ_ONLY_CONTAINER}
        ],
    }
