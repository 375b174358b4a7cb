"""Every pinned engine, chart, image and Kubernetes version, its source and the day its support ends."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, kw_only=True)
class Support:
    """How long a release is supported.

    Args:
        created_until: last day on which AWS creates new ones; none while it is not known.
        standard_until: last day of standard support; none while no end is announced.
        source: document that says so, and when it was read.
    """

    standard_until: date | None = None
    created_until: date | None = None
    source: str


_EKS = "endoflife.date/amazon-eks and the Amazon EKS release calendar, read 2026-11"

KUBERNETES: dict[str, Support] = {
    "1.29": Support(standard_until=date(2025, 3, 23), created_until=date(2026, 3, 23), source=_EKS),
    "1.36": Support(standard_until=date(2027, 8, 2), source=_EKS),
}
"""Kubernetes versions that have a pinned kubectl layer here. The layer decides the version of Helm."""

_RDS = "Amazon RDS for MySQL release calendar, read 2026-11"

MYSQL: dict[str, Support] = {
    "8.0": Support(standard_until=date(2026, 7, 31), source=_RDS),
    "8.4": Support(standard_until=date(2029, 7, 31), source=_RDS),
}

_ELASTICACHE = "Amazon ElastiCache engine versions and end of life, read 2026-11"

CACHE: dict[str, dict[str, Support]] = {
    "redis": {"7.1": Support(source=f"{_ELASTICACHE}; the last Redis OSS version there")},
    "valkey": {"8.0": Support(source=_ELASTICACHE), "8.2": Support(source=_ELASTICACHE)},
}
DEFAULT_CACHE_VERSION = {"redis": "7.1", "valkey": "8.2"}


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A Helm chart at one version.

    Args:
        name: name of the chart.
        version: exact version.
        repository: address of the chart repository, or of the chart itself when it starts with oci://.
        source: where the version was read, and when.
    """

    name: str
    version: str
    repository: str
    source: str


_CHARTS = "chart source repositories, read 2026-11"

REDPANDA = Chart(name="redpanda", version="26.2.1", repository="https://charts.redpanda.com", source=_CHARTS)
KONG = Chart(name="kong", version="3.4.1", repository="https://charts.konghq.com", source=_CHARTS)
KEYCLOAK = Chart(name="keycloakx", version="7.1.11", repository="https://codecentric.github.io/helm-charts", source=_CHARTS)
KUBE_PROMETHEUS_STACK = Chart(
    name="kube-prometheus-stack", version="88.5.3", repository="https://prometheus-community.github.io/helm-charts", source=_CHARTS
)
PROMETHEUS_OPERATOR_CRDS = Chart(
    name="prometheus-operator-crds", version="31.0.1", repository="https://prometheus-community.github.io/helm-charts", source=_CHARTS
)
CERT_MANAGER = Chart(name="cert-manager", version="v1.21.1", repository="https://charts.jetstack.io", source=_CHARTS)
EXTERNAL_SECRETS = Chart(name="external-secrets", version="2.9.0", repository="https://charts.external-secrets.io", source=_CHARTS)
RABBITMQ_OPERATORS = Chart(
    name="rabbitmq-cluster-operator",
    version="0.6.5",
    repository="oci://registry-1.docker.io/cloudpirates/rabbitmq-cluster-operator",
    source=_CHARTS,
)
