"""Pods that start again when a Secret that they read has changed: Reloader."""

from collections.abc import Mapping, Sequence
from typing import Unpack

from constructs import Construct

from spotmusic_constructs.kubernetes.helm_release import ChartRelease, Placement
from spotmusic_constructs.kubernetes.images import ChartWithImages, Images, images_of
from spotmusic_constructs.kubernetes.pod import CONTAINER_SECURITY, POD_SECURITY, resources, spread

RELEASE = "reloader"
FOLLOWS_ITS_SECRETS: Mapping[str, str] = {"secret.reloader.stakater.com/auto": "true"}
"""Annotation of a Deployment, a StatefulSet or a CronJob. Whenever a Secret that its pods name changes, the former two replace their pods
one after another, and the latter runs once, even where its schedule is suspended."""
_USER = 65534


class Reloader(ChartRelease):
    """The operator that gives a changed password or certificate to pods that read theirs when they start.

    Creates the release: two pods, of which one works, with the right to read Secrets and to change workloads in the namespaces given and
    nowhere else. It touches only what bears `FOLLOWS_ITS_SECRETS`. What changed while no pod of it ran is made up for when one does.

    Args:
        chart: chart `reloader` at one version, with its image.
        images: names of images in our registry.
        watched: namespaces of the workloads that bear the annotation.
        namespace: existing namespace with Pod Security `restricted`.
        placement: cluster, and constructs that must be deployed before: those that make the namespaces, and the kinds of Prometheus.

    Example:
        Reloader(self, "Reloader", cluster=cluster, chart=versions.RELOADER, images=registry.images, watched=["kong"], after=[ground])
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
                    # Without it the chart would let it read every Secret of the cluster.
                    "watchGlobally": False,
                    "namespaces": sorted(watched),
                    "ignoreConfigMaps": True,
                    # A job that is done is done: only what is meant to run again does.
                    "ignoreJobs": True,
                    # It compares every Secret with what pods were started with, each time that it starts.
                    "reloadOnCreate": True,
                    "syncAfterRestart": True,
                    "enableHA": True,
                    "readOnlyRootFileSystem": True,
                    "podMonitor": {"enabled": True, "honorLabels": False},
                    "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
                    "deployment": {
                        "replicas": 2,
                        "priorityClassName": "spotmusic-platform",
                        "topologySpreadConstraints": [spread({"app.kubernetes.io/instance": RELEASE})],
                        "securityContext": {**POD_SECURITY, "runAsUser": _USER},
                        "containerSecurityContext": CONTAINER_SECURITY,
                        "resources": resources(cpu="20m", memory="128Mi", limit="256Mi"),
                    },
                },
            },
            **placement,
        )
