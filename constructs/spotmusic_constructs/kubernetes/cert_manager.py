"""cert-manager, which issues the certificates inside the cluster."""

from collections.abc import Mapping
from typing import Unpack

from constructs import Construct

from spotmusic_constructs.kubernetes.helm_release import ChartRelease, Placement
from spotmusic_constructs.kubernetes.images import ChartWithImages, Image, Images, images_of
from spotmusic_constructs.kubernetes.pod import (
    PLATFORM_PRIORITY,
    READ_ONLY_CONTAINER,
    resources,
    spread,
)

RELEASE = "cert-manager"
REPLICAS = 2


class CertManager(ChartRelease):
    """Release of cert-manager with two pods for each component.

    Creates the release with its custom resource definitions, which are retained when the release is
    uninstalled: deleting them would delete every certificate. Issuers and certificates come from
    the chart `trust`. Both charts need the namespace `cert-manager` with Pod Security `restricted`.

    Args:
        chart: chart `cert-manager` at one version, with its images.
        images: names of images in our registry.
        placement: cluster, and constructs that must be deployed before.

    Example:
        CertManager(self, "CertManager", cluster=cluster, chart=versions.CERT_MANAGER,
                    images=images, after=[cluster_base])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        chart: ChartWithImages,
        images: Images,
        **placement: Unpack[Placement],
    ) -> None:
        names = images_of(chart, images)
        super().__init__(
            scope,
            construct_id,
            chart=chart,
            release=RELEASE,
            namespace=RELEASE,
            # Issuers and certificates need the webhook.
            wait=True,
            atomic=True,
            values={
                "crds": {"enabled": True, "keep": True},
                "global": {
                    "priorityClassName": PLATFORM_PRIORITY,
                    "leaderElection": {"namespace": RELEASE},
                },
                # The chart `trust` has the monitor.
                "prometheus": {"enabled": True, "servicemonitor": {"enabled": False}},
                "acmesolver": {"image": names["acmesolver"].named},
                "startupapicheck": {
                    "image": names["startupapicheck"].named,
                    "resources": resources(cpu="20m", memory="64Mi"),
                    "containerSecurityContext": READ_ONLY_CONTAINER,
                },
                **_part("controller", names),
                "webhook": _part("webhook", names),
                "cainjector": _part("cainjector", names),
            },
            **placement,
        )


def _part(component: str, names: Mapping[str, Image]) -> dict[str, object]:
    labels = {"app.kubernetes.io/instance": RELEASE, "app.kubernetes.io/component": component}
    return {
        "image": names[component].named,
        "replicaCount": REPLICAS,
        "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
        "topologySpreadConstraints": [spread(labels, each_revision=True)],
        "resources": resources(cpu="50m", memory="128Mi", limit="256Mi"),
        "containerSecurityContext": READ_ONLY_CONTAINER,
    }
