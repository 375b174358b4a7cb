"""External Secrets operator, which copies secrets of AWS Secrets Manager into the cluster."""

from collections.abc import Iterable, Mapping, Sequence

from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct, IDependable

from spotmusic_constructs.arns import secret_arn
from spotmusic_constructs.kubernetes.helm_release import HelmRelease
from spotmusic_constructs.kubernetes.images import ChartWithImages, Image, Images, images_of
from spotmusic_constructs.kubernetes.pod import (
    PLATFORM_PRIORITY,
    READ_ONLY_CONTAINER,
    resources,
    spread,
)
from spotmusic_constructs.kubernetes.pod_identity import PodIdentity
from spotmusic_constructs.rights import Statement, allow

RELEASE = "external-secrets"


class ExternalSecretsOperator(Construct):
    """Operator that copies secrets into the cluster, with two pods for each component.

    Creates the release with its custom resource definitions, and a Pod Identity role that may read
    the given secrets by exact ARN. The store and the ExternalSecrets come from the chart `trust`.
    If that chart publishes the certificate authority, the operator may write this one parameter
    too. Both charts need the namespace `external-secrets` with Pod Security `restricted`.

    Args:
        cluster: cluster with a kubectl provider.
        chart: chart `external-secrets` at one version, with its image.
        images: names of images in our registry.
        secrets: all secrets that components of the cluster read.
        authority_parameter_arn: parameter that receives the certificate authority. Default: not
            published.
        after: constructs that must be deployed before.

    Example:
        ExternalSecretsOperator(self, "ExternalSecrets", cluster=cluster,
                                chart=versions.EXTERNAL_SECRETS, images=images,
                                secrets=[secrets.keycloak_admin], after=[cluster_base])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: eks.ICluster,
        chart: ChartWithImages,
        images: Images,
        secrets: Iterable[secretsmanager.ISecret],
        authority_parameter_arn: str | None = None,
        after: Sequence[IDependable] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        read = allow(
            ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
            [secret_arn(secret) for secret in secrets],
        )
        statements = (
            [read, _write_parameter(authority_parameter_arn)] if authority_parameter_arn else [read]
        )
        self.identity = PodIdentity(
            self,
            "Identity",
            cluster=cluster,
            namespace=RELEASE,
            service_account=RELEASE,
            description="Reads the secrets that it copies into the cluster",
            statements=statements,
        )
        image = images_of(chart, images)["external-secrets"]
        self.release = HelmRelease(
            self,
            "Release",
            cluster=cluster,
            chart=chart,
            release=RELEASE,
            namespace=RELEASE,
            # ExternalSecrets need the webhook.
            wait=True,
            atomic=True,
            # Pods receive credentials only if the Pod Identity association exists before them.
            after=[self.identity, *after],
            values={
                "installCRDs": True,
                "leaderElect": True,
                "serviceAccount": {"create": True, "name": RELEASE},
                # PushSecrets only for the published authority; no namespaced stores.
                "processPushSecret": authority_parameter_arn is not None,
                "processClusterPushSecret": False,
                # The chart `trust` has the monitor.
                "serviceMonitor": {"enabled": False},
                **_part(RELEASE, image),
                "webhook": _part("external-secrets-webhook", image),
                "certController": _part("external-secrets-cert-controller", image),
            },
        )


def _write_parameter(arn: str) -> Statement:
    """SSM actions that write a parameter (External Secrets, provider Parameter Store, 2026)."""
    actions = [
        "ssm:PutParameter",
        "ssm:GetParameter",
        "ssm:AddTagsToResource",
        "ssm:ListTagsForResource",
    ]
    return allow(actions, [arn])


def _part(name: str, image: Image) -> dict[str, object]:
    labels: Mapping[str, str] = {
        "app.kubernetes.io/instance": RELEASE,
        "app.kubernetes.io/name": name,
    }
    return {
        "image": image.named,
        "replicaCount": 2,
        "podDisruptionBudget": {"enabled": True, "minAvailable": "", "maxUnavailable": 1},
        "topologySpreadConstraints": [spread(labels, each_revision=True)],
        "priorityClassName": PLATFORM_PRIORITY,
        "resources": resources(cpu="50m", memory="128Mi", limit="256Mi"),
        "securityContext": READ_ONLY_CONTAINER,
    }
