"""Parties of the flows in pictures: name, icon, column and size."""

from dataclasses import dataclass

from spotmusic_cdk import versions
from spotmusic_cdk.connections.connection import service_party
from spotmusic_cdk.settings import Settings

SERVICE = service_party("")
LISTENER = "listener"
COLUMNS = ("Listener", "Edge", "Gateway", "", "Services", "", "Data", "")
"""Title above each column of the request path."""
_SERVICES, _DATA, _OUTSIDE = 5, 7, 8


@dataclass(frozen=True)
class Party:
    """Box of a picture.

    Args:
        id: name in the table of flows.
        label: name in the picture.
        detail: size or kind.
        icon: name of the icon.
        column: column, from the listener to the data.
        stack: id of the stack that creates it, empty outside of stacks.
    """

    id: str
    label: str
    detail: str
    icon: str
    column: int
    stack: str


def party(name: str, settings: Settings) -> Party:
    """Return a party of the flows, or the listener or a bucket, which are not in the flows."""
    if name.startswith(SERVICE):
        service = name.removeprefix(SERVICE)
        scaling = settings.kept.services[service].scaling
        detail = f"{_range(scaling.min, scaling.max)} tasks"
        return Party(name, service, detail, "fargate", _SERVICES, "ecs-services")
    label, icon, column, stack = _KNOWN.get(name) or (name, "part", 3, "eks-platform")
    detail = _details(settings).get(name, _DETAILS.get(icon, ""))
    return Party(name, label, detail, icon, column, stack)


_KNOWN: dict[str, tuple[str, str, int, str]] = {
    LISTENER: ("Listener", "listener", 0, ""),
    "operators": ("Operators", "people", 0, "observability"),
    "cloudfront": ("CloudFront", "cloudfront", 1, "edge"),
    "prometheus": ("Prometheus", "prometheus", 1, "observability"),
    "gateway-load-balancer": ("Gateway ALB", "load-balancer", 2, "network"),
    "grafana": ("Grafana", "grafana", 2, "observability"),
    "kong": ("Kong", "kong", 3, "eks-platform"),
    "kubectl": ("kubectl", "lambda", 3, "eks-platform"),
    "services-load-balancer": ("Services ALB", "load-balancer", 4, "ecs-services"),
    "keycloak": ("Keycloak", "keycloak", 4, "eks-platform"),
    "kubernetes-nodes": ("Nodes", "eks", 4, "eks-platform"),
    "kubernetes-control-plane": ("Kubernetes API", "eks", 5, "eks-platform"),
    "fluent-bit": ("Fluent Bit", "fluentbit", 3, "eks-platform"),
    "cert-manager": ("cert-manager", "kubernetes", 3, "eks-platform"),
    "external-secrets": ("External Secrets", "kubernetes", 3, "eks-platform"),
    "reloader": ("Reloader", "kubernetes", 3, "eks-platform"),
    "database-users": ("Database users", "lambda", _SERVICES, "data"),
    "cache-users": ("Cache users", "lambda", _SERVICES, "data"),
    "queue-depth": ("Queue depth", "lambda", _SERVICES, "ecs-services"),
    "broker-load-balancer": ("Broker NLB", "load-balancer", 6, "eks-platform"),
    "vpc": ("VPC", "vpc", 6, "network"),
    "catalogue-database": ("Catalogue", "rds", _DATA, "data"),
    "identity-database": ("Identity", "rds", _DATA, "data"),
    "cache": ("Cache", "elasticache", _DATA, "data"),
    "redpanda": ("Redpanda", "redpanda", _DATA, "eks-platform"),
    "rabbitmq": ("RabbitMQ", "rabbitmq", _DATA, "eks-platform"),
    "endpoints": ("Endpoints", "privatelink", _DATA, "network"),
    "bucket-web": ("Web player", "s3", _DATA, "data"),
    "bucket-audio": ("Audio", "s3", _DATA, "data"),
    "internet": ("Internet", "internet", _OUTSIDE, ""),
}
"""Label, icon, column and stack."""
_DETAILS = {
    "load-balancer": "internal",
    "lambda": "function",
    "kubernetes": "operator",
    "s3": "bucket",
    "part": "pods",
}


def _details(settings: Settings) -> dict[str, str]:
    kubernetes, data = settings.kubernetes, settings.data
    version = data.cache.version or versions.DEFAULT_CACHE_VERSION[data.cache.engine]
    nodes = _count(data.cache.replicas + 1, "node")
    replicas = data.catalogue.read_replicas
    readers = f", {_count(replicas, 'reader')}" if replicas else ""
    return {
        LISTENER: "app or browser",
        "operators": "people on call",
        "internet": "AWS APIs, mail",
        "cloudfront": "web ACL, TLS",
        "kong": f"{_range(kubernetes.kong.min_replicas, kubernetes.kong.max_replicas)} pods",
        "keycloak": _count(kubernetes.keycloak.replicas, "pod"),
        "redpanda": _count(kubernetes.redpanda.brokers, "broker"),
        "rabbitmq": "task queues",
        "catalogue-database": f"MySQL {data.catalogue.version}{readers}",
        "identity-database": f"MySQL {data.identity.version}",
        "cache": f"{data.cache.engine} {version}, {nodes}",
        "prometheus": f"{kubernetes.monitoring.retention_hours} hours",
        "grafana": "dashboards",
        "fluent-bit": "logs of pods",
        "kubernetes-nodes": f"EKS {kubernetes.version}",
        "kubernetes-control-plane": f"EKS {kubernetes.version}",
        "endpoints": "AWS APIs",
    }


def _range(least: int, most: int) -> str:
    return str(least) if least == most else f"{least}–{most}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
