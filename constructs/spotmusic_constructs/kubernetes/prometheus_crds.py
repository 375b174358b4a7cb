"""The kinds by which components say what to scrape and when to alert."""

from typing import Unpack

import aws_cdk as cdk
from constructs import Construct

from spotmusic_constructs.kubernetes.helm_release import Chart, ChartRelease, Placement


class PrometheusCrds(ChartRelease):
    """The custom resource definitions of the Prometheus operator, without the operator.

    Creates the release. It comes first of all: charts leave their ServiceMonitors out, silently, where the kind is unknown.
    The definitions are templates of the chart, so that Helm upgrades them.

    Args:
        chart: chart `prometheus-operator-crds` at one version, the operator's.
        namespace: existing namespace of the release's record; the definitions belong to none.
        placement: cluster, and constructs that must be deployed before.

    Example:
        PrometheusCrds(self, "PrometheusCrds", cluster=cluster, chart=versions.PROMETHEUS_OPERATOR_CRDS, after=[ground])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        chart: Chart,
        namespace: str = "monitoring",
        **placement: Unpack[Placement],
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            chart=chart,
            release="prometheus-operator-crds",
            namespace=namespace,
            wait=True,
            timeout=cdk.Duration.minutes(5),
            # A rule or monitor outlives a mistaken removal of the release only if its kind does.
            values={"crds": {"annotations": {"helm.sh/resource-policy": "keep"}}},
            **placement,
        )
