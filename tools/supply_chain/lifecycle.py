"""Upstream support of the release lines of pinned images.

`versions.py` has engines, Kubernetes and runtimes.
"""

import re
from datetime import date

from spotmusic_cdk.versions import Support

_CERT_MANAGER = Support(source="until 1.23 (cert-manager.io, supported releases, read 2026-11)")
_REDPANDA = Support(
    standard_until=date(2027, 7, 28),
    source="README of redpanda-data/redpanda-operator, estimated there, read 2026-11",
)
_LATEST = Support(
    source="fixed in its newest release only; no end of this one is announced "
    "(its releases, read 2026-11)"
)

IMAGES: dict[str, Support] = {
    "docker.io/fluent/fluent-bit:5.1": Support(
        source="until three months after 5.2 (endoflife.date/fluent-bit, read 2026-11)"
    ),
    "docker.io/grafana/grafana:13.2": Support(
        standard_until=date(2027, 5, 18), source="endoflife.date/grafana, read 2026-11"
    ),
    "docker.io/kong/kong:3.9": Support(
        source="the last open-source line; no end is announced "
        "(endoflife.date/kong-gateway, read 2026-11)"
    ),
    "docker.io/redpandadata/redpanda:v26.2": _REDPANDA,
    "docker.io/redpandadata/redpanda-operator:v26.2": _REDPANDA,
    "ghcr.io/external-secrets/external-secrets:v2": _LATEST,
    "ghcr.io/rabbitmq/default-user-credential-updater:1": _LATEST,
    "ghcr.io/stakater/reloader:v1": _LATEST,
    "public.ecr.aws/aws-fis/aws-fis-pod:0.1": Support(
        source="AWS FIS user guide, pod container images, read 2026-11"
    ),
    "public.ecr.aws/aws-observability/aws-sigv4-proxy:1": _LATEST,
    "public.ecr.aws/docker/library/busybox:1.37": _LATEST,
    "public.ecr.aws/docker/library/rabbitmq:4.3": Support(
        source="until 4.4; no end is announced (endoflife.date/rabbitmq, read 2026-11)"
    ),
    "public.ecr.aws/nginx/nginx-unprivileged:1.30": Support(
        standard_until=date(2027, 4, 30),
        source="a stable line is retired each April (endoflife.date/nginx, read 2026-11)",
    ),
    "quay.io/adorsys/keycloak-config-cli:6": _LATEST,
    "quay.io/jetstack/cert-manager-acmesolver:v1.21": _CERT_MANAGER,
    "quay.io/jetstack/cert-manager-cainjector:v1.21": _CERT_MANAGER,
    "quay.io/jetstack/cert-manager-controller:v1.21": _CERT_MANAGER,
    "quay.io/jetstack/cert-manager-startupapicheck:v1.21": _CERT_MANAGER,
    "quay.io/jetstack/cert-manager-webhook:v1.21": _CERT_MANAGER,
    "quay.io/keycloak/keycloak:26.8": Support(
        source="until 26.9; no end is announced (endoflife.date/keycloak, read 2026-11)"
    ),
    "quay.io/kiwigrid/k8s-sidecar:2": _LATEST,
    "quay.io/prometheus-operator/prometheus-config-reloader:v0": _LATEST,
    "quay.io/prometheus-operator/prometheus-operator:v0": _LATEST,
    "quay.io/prometheus/alertmanager:v0": _LATEST,
    "quay.io/prometheus/node-exporter:v1": _LATEST,
    "quay.io/prometheus/prometheus:v3.13": Support(
        standard_until=date(2027, 7, 31),
        source="Prometheus, long-term support, and endoflife.date/prometheus, read 2026-11",
    ),
    "quay.io/rabbitmqoperator/cluster-operator:2": _LATEST,
    "quay.io/rabbitmqoperator/messaging-topology-operator:1": _LATEST,
    "quay.io/thanos/thanos:v0": _LATEST,
    "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2": _LATEST,
}
"""Upstream support by image and prefix of the tag. All pinned images above have an entry."""


def support_of(image: str) -> Support:
    """Return the support of a pinned image's release line.

    Raises:
        KeyError: if the release line has no entry.
    """
    for line, support in IMAGES.items():
        if re.match(rf"{re.escape(line)}(?:[.-]|$)", image):
            return support
    raise KeyError(image)
