"""Reloader, which restarts pods when a Secret that they read changes."""

from collections.abc import Mapping, Sequence
from typing import Unpack

from constructs import Construct

from spotmusic_constructs.kubernetes.helm_release import ChartRelease, Placement
from spotmusic_constructs.kubernetes.images import ChartWithImages, Images, images_of
from spotmusic_constructs.kubernetes.pod import (
    CONTAINER_SECURITY,
    PLATFORM_PRIORITY,
    POD_SECURITY,
    resources,
    spread,
)

RELEASE = "reloader"
FOLLOWS_ITS_SECRETS: Mapping[str, str] = {"secret.reloader.stakater.com/auto": "true"}
"""Annotation of a Deployment, a StatefulSet or a CronJob. When a Secret of its pods changes, a
Deployment or StatefulSet replaces its pods one after another, and a CronJob runs once, even if its
schedule is suspended."""
_USER = 65534


class Reloader(ChartRelease):
    """Operator that restarts pods when their passwords or certificates change.

    Creates the release: two pods, one of them active, with rights to read Secrets and change
    workloads in the given namespaces only. It changes only workloads with the annotation
    `FOLLOWS_ITS_SECRETS`. After an outage it processes the missed changes.

    Args:
        chart: chart `reloader` at one version, with its image.
        images: names of images in our registry.
        watched: namespaces of the annotated workloads.
        namespace: existing namespace with Pod Security `restricted`.
        placement: cluster, and constructs that must be deployed before: those that create the
            namespaces, and `PrometheusCrds`.

    Example:
        Reloader(self, "Reloader", cluster=cluster, chart=versions.RELOADER, images=images,
                 watched=["kong"], after=[cluster_base])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        chart: ChartWithImages,
        images: Images,
        watched: Sequence[str],
        namespace: str = "reloader",
        **placement: Unpack[Placement],
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            chart=chart,
            release=RELEASE,
            namespace=namespace,
            wait=True,
            atomic=True,
            values={
                "fullnameOverride": RELEASE,
                "image": images_of(chart, images)["reloader"].named,
                "reloader": {
                    # Otherwise the chart grants read access to all Secrets of the cluster.
                    "watchGlobally": False,
                    "namespaces": sorted(watched),
                    "ignoreConfigMaps": True,
                    # Do not repeat completed Jobs.
                    "ignoreJobs": True,
                    # At start, Reloader compares every Secret with the version that pods were
                    # started with.
                    "reloadOnCreate": True,
                    "syncAfterRestart": True,
                    "enableHA": True,
                    "readOnlyRootFileSystem": True,
                    "podMonitor": {"enabled": True, "honorLabels": False},
                    "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
                    "deployment": {
                        "replicas": 2,
                        "priorityClassName": PLATFORM_PRIORITY,
                        "topologySpreadConstraints": [
                            spread({"app.kubernetes.io/instance": RELEASE}, each_revision=True)
                        ],
                        "securityContext": {**POD_SECURITY, "runAsUser": _USER},
                        "containerSecurityContext": CONTAINER_SECURITY,
                        "resources": resources(cpu="20m", memory="128Mi", limit="256Mi"),
                    },
                },
            },
            **placement,
        )
