"""Custom resource definitions for scrape targets and alert rules."""

from typing import Unpack

from constructs import Construct

from spotmusic_constructs.kubernetes.helm_release import Chart, ChartRelease, Placement


class PrometheusCrds(ChartRelease):
    """Custom resource definitions of the Prometheus operator, without the operator.

    Creates the release, which precedes charts with monitors: these silently omit them while the
    kind does not exist. The definitions are templates of the chart, so that Helm upgrades them.

    Args:
        chart: chart `prometheus-operator-crds` at the version of the operator.
        namespace: existing namespace of the Helm release; the definitions are cluster-scoped.
        placement: cluster, and constructs that must be deployed before.

    Example:
        PrometheusCrds(self, "PrometheusCrds", cluster=cluster,
                       chart=versions.PROMETHEUS_OPERATOR_CRDS, after=[cluster_base])
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
            minutes=5,
            # Deleting the definitions would delete all rules and monitors.
            values={"crds": {"annotations": {"helm.sh/resource-policy": "keep"}}},
            **placement,
        )
