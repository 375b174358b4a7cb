"""Rules of Prometheus, dashboards of Grafana, and access to it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Unpack

from aws_cdk import aws_eks_v2 as eks
from constructs import Construct

from spotmusic_constructs.arns import cluster_name
from spotmusic_constructs.kubernetes.access_entry import access_entry_id
from spotmusic_constructs.kubernetes.helm_release import ChartRelease, LocalChart, Placement
from spotmusic_constructs.observability.grafana_dashboards import dashboard_files

TEAM = "spotmusic:grafana"
"""Kubernetes group with only the right to open a tunnel to Grafana."""

Names = Mapping[str, Mapping[str, str]]
"""Deployed name by display name, by choice of a dashboard."""


class RulesAndDashboards(ChartRelease):
    """Release of the chart `monitoring`, and access to Grafana.

    Creates the release, with a PrometheusRule for each file of rules, a ConfigMap for each
    dashboard, and a Role for tunnels to Grafana; and an access entry for each IAM role of the team,
    which grants only that Role.

    Args:
        chart: our chart `monitoring`, to which the dashboards are added.
        names: names of deployed resources by choice of a dashboard: `{"databases": {"catalogue":
            instance_identifier}}`. The schema of the chart lists the choices.
        runbooks: folder or address of the runbooks, which replaces `docs/runbooks` in the rules.
        viewers: ARNs of the IAM roles of the team.
        namespace: namespace of Prometheus and Grafana. The sidecar of Grafana reads ConfigMaps of
            its own namespace.
        placement: cluster, and constructs that must be deployed before.

    Raises:
        ValueError: if a choice has no options, or an option contains a comma or a colon.

    Example:
        RulesAndDashboards(self, "Rules", cluster=cluster,
                           chart=LocalChart(path=charts / "monitoring"), names=names,
                           viewers=[role_arn])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        chart: LocalChart,
        names: Names,
        runbooks: str = "docs/runbooks",
        viewers: Sequence[str] = (),
        namespace: str = "monitoring",
        **placement: Unpack[Placement],
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            chart=replace(
                chart,
                files={f"dashboards/{name}": text for name, text in dashboard_files().items()},
            ),
            release="rules-and-dashboards",
            namespace=namespace,
            # Its resources have no readiness.
            wait=False,
            minutes=5,
            values={
                "names": {choice: _choices(choice, among) for choice, among in names.items()},
                "runbooks": runbooks,
                "team": {"group": TEAM},
            },
            **placement,
        )
        for arn in viewers:
            eks.CfnAccessEntry(
                self,
                access_entry_id("Viewer", arn),
                cluster_name=cluster_name(placement["cluster"]),
                principal_arn=arn,
                kubernetes_groups=[TEAM],
                type="STANDARD",
            )


def _choices(choice: str, among: Mapping[str, str]) -> str:
    """Return the options as a custom variable of Grafana: `label : value, label : value`."""
    wrong = [label for label in among if "," in label or ":" in label]
    if wrong or not among:
        raise ValueError(
            f"names.{choice}: {', '.join(wrong) or 'nothing'} cannot be chosen. "
            "Give at least one, by a name without comma and colon."
        )
    return ", ".join(f"{label} : {value}" for label, value in among.items())
