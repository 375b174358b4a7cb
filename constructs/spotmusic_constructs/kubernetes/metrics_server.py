"""metrics-server add-on, which reports resource usage of pods to autoscalers."""

import json
from collections.abc import Sequence

from aws_cdk import aws_eks_v2 as eks
from constructs import Construct, IDependable

from spotmusic_constructs.arns import cluster_name
from spotmusic_constructs.kubernetes.namespace import KUBELET


class MetricsServer(Construct):
    """metrics-server add-on of Amazon EKS, which HorizontalPodAutoscalers require.

    EKS Auto Mode includes the other required add-ons (network, DNS, volumes, Pod Identity).

    Args:
        cluster: cluster with nodes; without them the add-on fails.
        addon_version: exact version of the add-on, such as v0.8.1-eksbuild.10.
        after: constructs that must be deployed before: the node pools.

    Example:
        MetricsServer(self, "MetricsServer", cluster=cluster,
                      addon_version=versions.METRICS_SERVER_ADD_ON, after=[cluster_base])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: eks.ICluster,
        addon_version: str,
        after: Sequence[IDependable] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        self.add_on = eks.CfnAddon(
            self,
            "AddOn",
            cluster_name=cluster_name(cluster),
            addon_name="metrics-server",
            addon_version=addon_version,
            resolve_conflicts="OVERWRITE",
            # The add-on's default, 10251, would need another flow from the API server.
            configuration_values=json.dumps({"containerPort": KUBELET}),
        )
        self.node.add_dependency(*after)
