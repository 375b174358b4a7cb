"""Table of flows, the only source of security groups and NetworkPolicies."""

from collections.abc import Iterator, Mapping

from spotmusic_cdk.connections import flows_of
from spotmusic_cdk.connections.connection import service_party
from spotmusic_cdk.settings.environment import Settings
from spotmusic_cdk.settings.services import ServiceSettings
from spotmusic_constructs.data.cache import PORT as REDIS
from spotmusic_constructs.data.relational_database import PORT as MYSQL
from spotmusic_constructs.gateway.kong_values import PROXY_PORT as KONG_PROXY
from spotmusic_constructs.gateway.kong_values import STATUS_PORT as KONG_STATUS
from spotmusic_constructs.identity.keycloak_values import PORT as KEYCLOAK
from spotmusic_constructs.kubernetes.namespace import KUBELET, WEBHOOK
from spotmusic_constructs.messaging.rabbitmq import AMQPS_PORT as AMQPS
from spotmusic_constructs.messaging.rabbitmq import MANAGEMENT_PORT as RABBITMQ_MANAGEMENT
from spotmusic_constructs.network.flows import CLOUDFRONT, INTERNET, VPC, Flow
from spotmusic_constructs.observability.alertmanager import GOSSIP_PORT as GOSSIP
from spotmusic_constructs.observability.pod_logs import PORT as FLUENT_BIT
from spotmusic_constructs.streaming import redpanda_values as redpanda

PODS: frozenset[str] = frozenset(
    {
        "kong", "keycloak", "redpanda", "rabbitmq", "prometheus", "alertmanager", "grafana",
        "external-secrets", "cert-manager", "reloader", "fluent-bit",
    }
)  # fmt: skip
"""Parties that are pods: they share the security group of the nodes and have separate
NetworkPolicies."""
NODES = "kubernetes-nodes"
API_SERVER = "kubernetes-control-plane"
GATEWAY = "gateway-load-balancer"
SERVICES = "services-load-balancer"
BROKERS = "broker-load-balancer"
OPERATORS = "operators"
"""People in a CloudShell environment or a session of Session Manager (docs/access.md)."""

PROMETHEUS = 9090
HTTPS = 443
SUBMISSION = 587

METRICS: dict[str, tuple[int, ...]] = {
    "cert-manager": (9402,),
    "external-secrets": (8080,),
    "reloader": (9090,),
    "fluent-bit": (FLUENT_BIT,),
    # Brokers serve their metrics on the port of the admin API.
    "redpanda": (9644,),
    # Ports of nodes, cluster operator and topology operator. The latter has another port for TLS.
    "rabbitmq": (15691, 9782, 8080),
    "keycloak": (9000,),
    "kong": (KONG_STATUS,),
    # The kubelet, and node-exporter at the address of its node.
    NODES: (KUBELET, 9100),
}
"""Ports of metrics by party outside the namespace of Prometheus."""


def security_group_of(party: str) -> str:
    """Return the security group of a party's traffic."""
    return NODES if party in PODS else party


def shares_egress(source: str, target: str) -> bool:
    """Return True if connections of a source to services have one egress rule for each port.

    Nodes (Prometheus) and the load balancer of the services connect to every service. One rule for
    the whole VPC replaces a rule for each service. The ingress rule of each service names its
    callers.
    """
    return source in {NODES, SERVICES} and target.startswith(service_party(""))


def table(settings: Settings) -> tuple[Flow, ...]:
    """Return all allowed connections of an environment, including retired services and words."""
    settings = settings.kept
    inside = (
        *_kubernetes(),
        *_identity(settings),
        *_monitoring(settings.services),
        *_operations(settings),
    )
    people = _people(settings) if settings.operators.network else ()
    return (*_edge(settings), *inside, *people, *_services(settings))


def _flow(source: str, target: str, port: int, reason: str) -> Flow:
    return Flow(source=source, target=target, port=port, reason=reason)


def _edge(settings: Settings) -> Iterator[Flow]:
    entry = HTTPS if settings.domain else 80
    yield _flow(
        CLOUDFRONT, GATEWAY, entry, "Viewers reach the API through the VPC origin of CloudFront"
    )
    yield _flow(GATEWAY, "kong", KONG_PROXY, "The gateway load balancer hands requests to Kong")
    yield _flow(
        GATEWAY, "kong", KONG_STATUS, "The gateway load balancer asks whether Kong is ready"
    )
    yield _flow("kong", SERVICES, entry, "Kong routes the Web API to the services")
    yield _flow(
        "kong", "keycloak", KEYCLOAK, "Kong routes logins to Keycloak and reads its signing keys"
    )
    yield _flow("kong", "cache", REDIS, "Kong counts requests for its rate limits in the cache")


def _kubernetes() -> Iterator[Flow]:
    yield _flow(NODES, API_SERVER, HTTPS, "Nodes and pods reach the Kubernetes API")
    yield _flow(
        API_SERVER, NODES, KUBELET, "The API server reaches kubelets and webhooks on their port"
    )
    yield _flow(API_SERVER, NODES, WEBHOOK, "The API server reaches admission webhooks")
    yield _flow(
        "kubectl", API_SERVER, HTTPS, "Deployments run helm and kubectl against the API server"
    )
    yield _flow("kubectl", INTERNET, HTTPS, "Deployments fetch charts and call AWS APIs")
    pod_traffic = "Nodes carry pod traffic, which NetworkPolicies narrow"
    yield Flow(source=NODES, target=NODES, port=1, last_port=65535, reason=pod_traffic)
    yield _flow(NODES, INTERNET, HTTPS, "Nodes pull images and pods call AWS APIs")
    yield _flow(
        BROKERS,
        "redpanda",
        redpanda.EXTERNAL_PORT,
        "The broker load balancer hands Kafka connections to Redpanda",
    )
    yield _flow(
        BROKERS,
        "redpanda",
        redpanda.SCHEMA_REGISTRY_EXTERNAL_PORT,
        "The broker load balancer hands questions about schemas to Redpanda",
    )
    yield _flow(
        BROKERS, "rabbitmq", AMQPS, "The broker load balancer hands AMQP connections to RabbitMQ"
    )


def _identity(settings: Settings) -> Iterator[Flow]:
    yield _flow(
        "keycloak", "identity-database", MYSQL, "Keycloak keeps its realm and users in MySQL"
    )
    yield _flow(
        "grafana", "identity-database", MYSQL, "Grafana keeps dashboards and sessions in MySQL"
    )
    yield _flow("grafana", "keycloak", KEYCLOAK, "Users of Grafana log in through Keycloak")
    if settings.identity.providers:
        yield _flow(
            "keycloak", INTERNET, HTTPS, "Keycloak asks external identity providers who somebody is"
        )
    if settings.identity.email:
        yield _flow(
            "keycloak", INTERNET, SUBMISSION, "Keycloak writes to listeners through the mail server"
        )


def _monitoring(services: Mapping[str, ServiceSettings]) -> Iterator[Flow]:
    yield _flow("grafana", "prometheus", PROMETHEUS, "Grafana draws what Prometheus measured")
    # They exchange their state by TCP once a minute, and sent notifications by UDP.
    sent = "Alertmanagers tell each other which notifications they have sent"
    yield Flow(
        source="alertmanager", target="alertmanager", port=GOSSIP, protocol="udp", reason=sent
    )
    for party, ports in METRICS.items():
        for port in ports:
            yield _flow("prometheus", party, port, f"Prometheus scrapes {party}")
    for name, service in services.items():
        if service.port is not None:
            yield _flow(
                "prometheus", service_party(name), service.port, f"Prometheus scrapes {name}"
            )


def _operations(settings: Settings) -> Iterator[Flow]:
    yield _flow(
        VPC,
        "endpoints",
        HTTPS,
        "Everything in the VPC reaches AWS APIs through interface endpoints",
    )
    for database in ("catalogue-database", "identity-database"):
        yield _flow(
            "database-users",
            database,
            MYSQL,
            "A function creates least-privilege users and rotates their passwords",
        )
    yield _flow("database-users", INTERNET, HTTPS, "It reads and writes secrets through AWS APIs")
    yield _flow(
        "cache-users", "cache", REDIS, "A function proves a rotated password before clients get it"
    )
    yield _flow(
        "cache-users",
        INTERNET,
        HTTPS,
        "It reads and writes secrets and cache users through AWS APIs",
    )
    if any(service.scaling.messages_per_task for service in settings.services.values()):
        yield _flow(
            "queue-depth",
            BROKERS,
            RABBITMQ_MANAGEMENT,
            "A function counts waiting messages for scaling",
        )
        yield _flow(
            BROKERS,
            "rabbitmq",
            RABBITMQ_MANAGEMENT,
            "The broker load balancer hands the count to RabbitMQ",
        )
        yield _flow("queue-depth", INTERNET, HTTPS, "It publishes the count through AWS APIs")


def _people(settings: Settings) -> Iterator[Flow]:
    """Flows of people, who access brokers and consoles only through the Kubernetes API."""
    entry = HTTPS if settings.domain else 80
    targets = {
        API_SERVER: (HTTPS, "People on call run kubectl and helm"),
        "catalogue-database": (MYSQL, "People on call look into the catalogue"),
        "identity-database": (
            MYSQL,
            "People on call look into the database of Keycloak and Grafana",
        ),
        "cache": (REDIS, "People on call look into the cache"),
        SERVICES: (entry, "People on call ask services as the gateway does"),
        INTERNET: (HTTPS, "People on call call AWS APIs and fetch their tools"),
    }
    for target, (port, reason) in targets.items():
        yield _flow(OPERATORS, target, port, reason)


def _services(settings: Settings) -> Iterator[Flow]:
    for name, service in settings.services.items():
        party = service_party(name)
        yield _flow(party, INTERNET, HTTPS, f"{name} calls AWS APIs and pulls its image")
        if service.route and service.port:
            yield _flow(
                SERVICES,
                party,
                service.port,
                f"The services load balancer hands requests to {name}",
            )
        yield from flows_of(name, settings)
