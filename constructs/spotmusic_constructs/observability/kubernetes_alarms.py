"""Alarms of the control plane of EKS. Prometheus watches the pods."""

from functools import partial

from constructs import Construct

from spotmusic_constructs.observability.alarm import (
    AlarmGroup,
    AlarmRule,
    MetricSource,
    Recipients,
    Thresholds,
)

_GIB = 1024**3
STORAGE_BYTES: Thresholds = {"warning": 6 * _GIB, "critical": 7 * _GIB}
"""etcd refuses writes at 8 GiB (EKS best practices, control plane monitoring)."""


class KubernetesAlarms(AlarmGroup):
    """Alarms of the control plane: pods without a node, API errors, full database, no metrics.

    They work without Prometheus, which may have no node.

    Args:
        recipients: topics.
        cluster_name: name of the cluster, Kubernetes 1.28 or later, which publishes its metrics in
            `AWS/EKS`.
        unschedulable_pods: pods without a node for 15 minutes.
        storage_bytes: size of etcd's database.

    Example:
        KubernetesAlarms(self, "ClusterAlarms", recipients=recipients,
                         cluster_name=cluster.cluster_name)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        recipients: Recipients,
        cluster_name: str,
        unschedulable_pods: int = 1,
        storage_bytes: Thresholds = STORAGE_BYTES,
    ) -> None:
        metric = partial(
            MetricSource, namespace="AWS/EKS", dimensions={"ClusterName": cluster_name}
        )
        super().__init__(
            scope,
            construct_id,
            recipients=recipients,
            runbook="kubernetes",
            rules=[
                AlarmRule(
                    name="UnschedulablePods",
                    summary="Kubernetes: pods have waited for a node for a quarter of an hour.",
                    # Statistic for which AWS publishes the metric (aws-cdk-lib,
                    # eks-canned-metrics). A minimum over schedulers may be zero.
                    watch=metric(name="scheduler_pending_pods_UNSCHEDULABLE", statistic="Sum"),
                    thresholds={"critical": unschedulable_pods},
                    periods=15,
                ),
                AlarmRule(
                    name="ApiErrors",
                    summary="Kubernetes: the API server returns errors.",
                    watch=metric(name="apiserver_request_total_5XX", statistic="Sum"),
                    thresholds={"warning": 10, "critical": 100},
                ),
                AlarmRule(
                    name="ApiRequests",
                    summary=(
                        "Kubernetes: the control plane reports no requests at all, "
                        "although nodes alone cause some every second."
                    ),
                    watch=metric(name="apiserver_request_total", statistic="Sum"),
                    thresholds={"critical": 1},
                    comparison="<",
                    missing_data="breaching",
                    periods=10,
                ),
                AlarmRule(
                    name="Storage",
                    summary="Kubernetes: etcd, the database of the control plane, is almost full.",
                    watch=metric(name="apiserver_storage_size_bytes", statistic="Maximum"),
                    thresholds=storage_bytes,
                ),
            ],
        )
