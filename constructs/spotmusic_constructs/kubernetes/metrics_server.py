"""The add-on that tells autoscalers what pods use."""

import json
from collections.abc import Sequence

from aws_cdk import aws_eks_v2 as eks
from constructs import Construct, IConstruct

PORT = 10250
"""A port on which the API server may reach pods. The add-on's own, 10251, would need a flow of its own."""


class MetricsServer(Construct):
    """The metrics-server add-on of Amazon EKS: without it no HorizontalPodAutoscaler moves.

    The other add-ons that a cluster needs (network, names, volumes, Pod Identity) are part of EKS Auto Mode.

    Args:
        cluster: cluster that has nodes: an add-on whose pods find none fails.
        version: exact version of the add-on, such as v0.8.1-eksbuild.10.
        after: constructs that must be deployed before: the node pools.

    Example:
        MetricsServer(self, "MetricsServer", cluster=cluster, version=versions.METRICS_SERVER_ADD_ON, after=[ground])
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, cluster: eks.ICluster, version: str, after: Sequence[IConstruct] = ()
    ) -> None:
        super().__init__(scope, construct_id)
        self.add_on = eks.CfnAddon(
            self,
            "AddOn",
            cluster_name=cluster.cluster_name,
            addon_name="metrics-server",
            addon_version=version,
            resolve_conflicts="OVERWRITE",
            configuration_values=json.dumps({"containerPort": PORT}),
        )
        self.node.add_dependency(*after)
