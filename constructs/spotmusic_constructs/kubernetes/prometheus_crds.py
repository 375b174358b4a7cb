"""The kinds by which components say what to scrape and when to alert."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks
from constructs import Construct, IConstruct

from spotmusic_constructs.kubernetes.helm_release import Chart, HelmRelease


class PrometheusCrds(Construct):
    """The custom resource definitions of the Prometheus operator, without the operator.

    Creates the release. It comes first of all: charts leave their ServiceMonitors out, silently, where the kind is unknown.
    The definitions are templates of the chart, so that Helm upgrades them.

    Args:
        cluster: cluster with a kubectl provider.
        chart: chart `prometheus-operator-crds` at one version, the operator's.
        namespace: existing namespace of the release's record; the definitions belong to none.
        after: constructs that must be deployed before.

    Example:
        PrometheusCrds(self, "PrometheusCrds", cluster=cluster, chart=versions.PROMETHEUS_OPERATOR_CRDS, after=[ground])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: eks.ICluster,
        chart: Chart,
        namespace: str = "monitoring",
        after: Sequence[IConstruct] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        self.release = HelmRelease(
            self,
            "Release",
            cluster=cluster,
            chart=chart,
            release="prometheus-operator-crds",
            namespace=namespace,
            wait=True,
            timeout=cdk.Duration.minutes(5),
            after=after,
            # A rule or monitor outlives a mistaken removal of the release only if its kind does.
            values={"crds": {"annotations": {"helm.sh/resource-policy": "keep"}}},
        )
