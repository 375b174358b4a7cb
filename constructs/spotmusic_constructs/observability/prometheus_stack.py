"""Prometheus, Alertmanager and Grafana in the cluster, as one release."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct, IConstruct

from spotmusic_constructs.acknowledge import acknowledge
from spotmusic_constructs.kubernetes.certificate import INTERNAL_CA
from spotmusic_constructs.kubernetes.helm_release import HelmRelease
from spotmusic_constructs.kubernetes.images import ChartWithImages, Image, Images, images_of
from spotmusic_constructs.kubernetes.pod import READ_ONLY_CONTAINER, resources
from spotmusic_constructs.kubernetes.pod_identity import PodIdentity
from spotmusic_constructs.observability import alertmanager, prometheus
from spotmusic_constructs.observability import grafana as grafana_module
from spotmusic_constructs.observability.alertmanager import alertmanager_values
from spotmusic_constructs.observability.grafana import Grafana, grafana_values, reader
from spotmusic_constructs.observability.prometheus import ScrapeTarget, Workspace, prometheus_values

UNREACHABLE = ("kubeControllerManager", "kubeScheduler", "kubeEtcd", "kubeProxy", "coreDns")
"""What EKS keeps to itself: the control plane, and in Auto Mode also kube-proxy and the resolver, which run on the nodes."""


class KubePrometheusStack(Construct):
    """Two replicas of Prometheus, three of Alertmanager and two of Grafana, none of them public.

    Creates the release, and the rights of its three service accounts by Pod Identity: Prometheus writes to the workspace,
    Alertmanager publishes to the topic, Grafana reads CloudWatch. The stack makes what `external_secrets` and `certificates` name,
    and the release comes after. Custom resource definitions come from `PrometheusCrds`.

    Args:
        cluster: cluster with a kubectl provider.
        chart: kube-prometheus-stack at one version, with its images.
        images: names of images in our registry.
        environment: name of the environment, for the label `cluster` of every sample.
        workspace: where samples are kept for good.
        alerts: SNS topic that tells the team.
        grafana: who Grafana is, its database and its logins.
        targets: services outside the cluster to scrape.
        namespace: existing namespace with Pod Security `restricted`.
        node_namespace: existing namespace with Pod Security `privileged` for node-exporter, which needs the host's view; without
            one there is no node-exporter, and nodes are seen through the kubelet.
        storage_class: class of the volumes.
        storage_gib: volume of each Prometheus replica, in GiB.
        retention_hours: hours of samples kept in the cluster.
        after: constructs that must be deployed before, such as the charts of secrets and policies.

    Example:
        KubePrometheusStack(self, "Monitoring", cluster=cluster, chart=versions.KUBE_PROMETHEUS_STACK, images=registry.images,
                            environment="dev", workspace=workspace, alerts=topic, grafana=grafana, after=[eks_platform.last_wave])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: eks.ICluster,
        chart: ChartWithImages,
        images: Images,
        environment: str,
        workspace: Workspace,
        alerts: sns.ITopic,
        grafana: Grafana,
        targets: Sequence[ScrapeTarget] = (),
        namespace: str = "monitoring",
        node_namespace: str | None = None,
        storage_class: str = "gp3",
        storage_gib: int = 20,
        retention_hours: int = 24,
        after: Sequence[IConstruct] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        region = cdk.Stack.of(self).region
        names = images_of(chart, images)
        self.external_secrets = (grafana.external_secret(namespace),)
        self.certificates = (grafana.certificate(namespace),)

        identities = self._identities(cluster, namespace, workspace, alerts)
        self.release = HelmRelease(
            self,
            "Release",
            cluster=cluster,
            chart=chart,
            release="monitoring",
            namespace=namespace,
            wait=False,
            timeout=cdk.Duration.minutes(13),
            after=[*identities, *after],
            values={
                "fullnameOverride": "monitoring",
                "cleanPrometheusOperatorObjectNames": True,
                "crds": {"enabled": False},
                **_cluster_values(names, node_namespace),
                "prometheus": prometheus_values(
                    image=names["prometheus"],
                    environment=environment,
                    workspace=workspace,
                    targets=targets,
                    storage_class=storage_class,
                    storage_gib=storage_gib,
                    retention_hours=retention_hours,
                ),
                "alertmanager": alertmanager_values(
                    image=names["alertmanager"], topic_arn=alerts.topic_arn, region=region, storage_class=storage_class
                ),
                "grafana": grafana_values(
                    grafana=grafana, namespace=namespace, region=region, image=names["grafana"], sidecar=names["grafana-sidecar"]
                ),
                "extraManifests": [_config_map("rds-ca", namespace, {"ca.pem": grafana.database_ca}), *reader(namespace)],
            },
        )

    def _identities(self, cluster: eks.ICluster, namespace: str, workspace: Workspace, alerts: sns.ITopic) -> list[PodIdentity]:
        def identity(id_: str, account: str, description: str, actions: list[str], resource: str) -> PodIdentity:
            statement = iam.PolicyStatement(actions=actions, resources=[resource])
            return PodIdentity(
                self,
                id_,
                cluster=cluster,
                namespace=namespace,
                service_account=account,
                description=description,
                statements=[statement],
            )

        write = identity("Write", prometheus.SERVICE_ACCOUNT, "Prometheus keeps its samples", ["aps:RemoteWrite"], workspace.arn)
        tell = identity("Tell", alertmanager.SERVICE_ACCOUNT, "Alertmanager tells the team", ["sns:Publish"], alerts.topic_arn)
        read = ["cloudwatch:GetMetricData", "cloudwatch:ListMetrics"]
        see = identity("See", grafana_module.SERVICE_ACCOUNT, "Grafana draws what CloudWatch measured", read, "*")
        acknowledge(
            see,
            {"AwsSolutions::AwsSolutions-IAM5[Resource::*]": "CloudWatch has no resources to name for reading metrics, only the account."},
        )
        return [write, tell, see]


def _cluster_values(names: dict[str, Image], node_namespace: str | None) -> dict[str, object]:
    """Returns the values of the operator and of what describes the cluster to Prometheus."""
    small = resources(cpu="50m", memory="128Mi", limit="256Mi")
    return {
        **{part: {"enabled": False} for part in UNREACHABLE},
        "defaultRules": {
            "rules": {"etcd": False, "kubeControllerManager": False, "kubeProxy": False}
            | {f"kubeScheduler{kind}": False for kind in ("Alerting", "Recording")}
        },
        "prometheusOperator": {
            "image": names["operator"].parts,
            "prometheusConfigReloader": {
                "image": names["reloader"].parts,
                "resources": resources(cpu="10m", memory="64Mi"),
            },
            "thanosImage": names["thanos"].parts,
            # A certificate of our authority instead of two hook jobs that make one.
            "admissionWebhooks": {"certManager": {"enabled": True, "issuerRef": {"kind": "ClusterIssuer", "name": INTERNAL_CA}}},
            "resources": small,
        },
        "kube-state-metrics": {
            "fullnameOverride": "kube-state-metrics",
            "image": names["kube-state-metrics"].parts,
            "resources": small,
        },
        "nodeExporter": {"enabled": node_namespace is not None},
        **({"prometheus-node-exporter": _node_exporter(names["node-exporter"], node_namespace)} if node_namespace else {}),
    }


def _node_exporter(image: Image, namespace: str) -> dict[str, object]:
    return {
        "fullnameOverride": "node-exporter",
        "namespaceOverride": namespace,
        "image": image.parts,
        "containerSecurityContext": READ_ONLY_CONTAINER,
        "resources": resources(cpu="20m", memory="64Mi", limit="128Mi"),
    }


def _config_map(name: str, namespace: str, data: dict[str, str]) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": data}
