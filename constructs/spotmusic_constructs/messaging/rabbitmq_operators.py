"""RabbitMQ cluster operator and messaging topology operator."""

from typing import Unpack

from constructs import Construct

from spotmusic_constructs.kubernetes.helm_release import ChartRelease, Placement
from spotmusic_constructs.kubernetes.images import ChartWithImages, Images, images_of
from spotmusic_constructs.kubernetes.pod import READ_ONLY_CONTAINER, resources, spread
from spotmusic_constructs.messaging.rabbitmq import TLS

AUTHORITIES = "/etc/rabbitmq-authority"


class RabbitMQOperators(ChartRelease):
    """RabbitMQ cluster operator and messaging topology operator, two pods each.

    Creates the release. The first installation creates the custom resource definitions. Helm never
    updates them: follow `docs/runbooks/upgrade-rabbitmq-operators.md` for a new version of the
    chart. Delete the operators after the cluster of `RabbitMQ`, because its resources have
    finalizers.

    Args:
        chart: chart `rabbitmq-cluster-operator` at one version, with its images.
        images: names of images in our registry.
        namespace: existing namespace with Pod Security `restricted`, the same as that of
            `RabbitMQ`: the operators watch only it, and the topology operator reads the certificate
            authority of the nodes from a Secret there.
        placement: cluster, and constructs that must be deployed before, such as those that create
            that Secret.

    Example:
        RabbitMQOperators(self, "RabbitMQOperators", cluster=cluster,
                          chart=versions.RABBITMQ_OPERATORS, images=images)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        chart: ChartWithImages,
        images: Images,
        namespace: str = "rabbitmq",
        **placement: Unpack[Placement],
    ) -> None:
        names = images_of(chart, images)
        super().__init__(
            scope,
            construct_id,
            chart=chart,
            release="rabbitmq-operators",
            namespace=namespace,
            # Users and queues need the webhook of the topology operator.
            wait=True,
            atomic=True,
            values={
                "fullnameOverride": "rabbitmq-operators",
                # Certificate of cert-manager. Without it every rendering creates a new authority
                # for the webhook.
                "useCertManager": True,
                "rabbitmqImage": names["rabbitmq"].parts,
                "credentialUpdaterImage": names["credential-updater"].parts,
                "clusterOperator": {
                    **_operator(namespace, "rabbitmq-operator"),
                    "image": names["cluster-operator"].parts,
                    "resources": resources(cpu="100m", memory="256Mi", limit="512Mi"),
                },
                "msgTopologyOperator": {
                    **_operator(namespace, "messaging-topology-operator"),
                    "image": names["topology-operator"].parts,
                    "resources": resources(cpu="100m", memory="128Mi", limit="512Mi"),
                    # The chart's monitor sends no token, and an operator of one namespace may not
                    # review tokens: every scrape would be refused
                    # (CloudPirates-io/helm-charts#1728). The table of flows admits only Prometheus
                    # to the port.
                    "metrics": {"podMonitor": {"enabled": True}, "secure": False},
                    **_trust(),
                },
            },
            **placement,
        )


def _operator(namespace: str, component: str) -> dict[str, object]:
    labels = {
        "app.kubernetes.io/instance": "rabbitmq-operators",
        "app.kubernetes.io/component": component,
    }
    return {
        "replicaCount": 2,
        "watchAllNamespaces": False,
        "watchNamespaces": [namespace],
        # The chart requires a string.
        "pdb": {"create": True, "maxUnavailable": "1"},
        "topologySpreadConstraints": [spread(labels, each_revision=True)],
        "containerSecurityContext": READ_ONLY_CONTAINER,
        "metrics": {"podMonitor": {"enabled": True}},
        # Policies come from the table of flows; the chart's own allows all traffic.
        "networkPolicy": {"enabled": False},
    }


def _trust() -> dict[str, object]:
    """Mount of the authority with which the topology operator verifies the nodes."""
    only_the_authority = {"secretName": TLS, "items": [{"key": "ca.crt", "path": "ca.crt"}]}
    return {
        "extraVolumes": [{"name": "authority", "secret": only_the_authority}],
        "extraVolumeMounts": [{"name": "authority", "mountPath": AUTHORITIES, "readOnly": True}],
        "extraEnvVars": [{"name": "SSL_CERT_DIR", "value": AUTHORITIES}],
    }
