"""Prometheus, Alertmanager and Grafana in the cluster, as one release."""

from collections.abc import Sequence

from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_sns as sns
from constructs import Construct, IDependable

from spotmusic_constructs.acknowledge import acknowledge, wildcard_finding
from spotmusic_constructs.arns import topic_arn
from spotmusic_constructs.kubernetes.config_map import config_map
from spotmusic_constructs.kubernetes.helm_release import HelmRelease
from spotmusic_constructs.kubernetes.images import ChartWithImages, Images, images_of
from spotmusic_constructs.kubernetes.pod_identity import PodIdentity
from spotmusic_constructs.location import location_of
from spotmusic_constructs.observability import alertmanager, prometheus
from spotmusic_constructs.observability import grafana as grafana_module
from spotmusic_constructs.observability.alarm import Recipients
from spotmusic_constructs.observability.alertmanager import alertmanager_values
from spotmusic_constructs.observability.cluster_metrics import cluster_values
from spotmusic_constructs.observability.grafana import Grafana, grafana_values, reader
from spotmusic_constructs.observability.prometheus import (
    ScrapedCluster,
    Workspace,
    prometheus_values,
)
from spotmusic_constructs.rights import Statement, allow


class KubePrometheusStack(Construct):
    """Two replicas of Prometheus, three of Alertmanager and two of Grafana, none of them public.

    Creates the release, and Pod Identity roles of its three service accounts: Prometheus writes to
    the workspace and lists the tasks of `scraped`, Alertmanager publishes to the two topics,
    Grafana reads CloudWatch and the workspace. The stack must create `external_secrets` and
    `certificates` before the release. Custom resource definitions come from `PrometheusCrds`,
    alerts and dashboards from `RulesAndDashboards`.

    Args:
        cluster: cluster with a kubectl provider.
        chart: kube-prometheus-stack at one version, with its images.
        images: names of images in our registry.
        environment_name: name of the environment, for the label `cluster` of every sample.
        workspace: workspace of Amazon Managed Service for Prometheus.
        recipients: topics of alerts.
        heartbeat: SNS topic of the heartbeat (`Heartbeat`).
        grafana: addresses, database and secrets of Grafana.
        scraped: services on Amazon ECS. Default: none.
        namespace: existing namespace with Pod Security `restricted`.
        node_namespace: existing namespace with Pod Security `privileged` for node-exporter, which
            reads files of the host. Default: no node-exporter; the kubelet reports on nodes.
        storage_class: class of the volumes.
        zones: availability zones of the cluster.
        storage_gib: volume of each Prometheus replica, in GiB.
        retention_hours: hours of samples kept in the cluster.
        after: constructs that must be deployed before, such as the charts of secrets and policies.

    Example:
        KubePrometheusStack(self, "Monitoring", cluster=cluster,
                            chart=versions.KUBE_PROMETHEUS_STACK, images=images,
                            environment_name="dev", workspace=workspace, recipients=recipients,
                            heartbeat=heartbeat.topic, grafana=grafana, after=[rabbitmq])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: eks.ICluster,
        chart: ChartWithImages,
        images: Images,
        environment_name: str,
        workspace: Workspace,
        recipients: Recipients,
        heartbeat: sns.ITopic,
        grafana: Grafana,
        scraped: ScrapedCluster | None = None,
        namespace: str = "monitoring",
        node_namespace: str | None = None,
        storage_class: str = "gp3",
        zones: int = 3,
        storage_gib: int = 20,
        retention_hours: int = 24,
        after: Sequence[IDependable] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        region = location_of(scope).region
        names = images_of(chart, images)
        self.external_secrets = (grafana.external_secret(namespace),)
        self.certificates = (grafana.certificate(namespace),)

        identities = self._identities(
            cluster,
            namespace,
            workspace,
            scraped,
            [topic for topic in (recipients.topic, recipients.pager, heartbeat) if topic],
        )
        self.release = HelmRelease(
            self,
            "Release",
            cluster=cluster,
            chart=chart,
            release="monitoring",
            namespace=namespace,
            wait=False,
            minutes=13,
            after=[*identities, *after],
            values={
                "fullnameOverride": "monitoring",
                "cleanPrometheusOperatorObjectNames": True,
                "crds": {"enabled": False},
                **cluster_values(names, node_namespace),
                "prometheus": prometheus_values(
                    image=names["prometheus"],
                    environment=environment_name,
                    workspace=workspace,
                    scraped=scraped,
                    storage_class=storage_class,
                    storage_gib=storage_gib,
                    retention_hours=retention_hours,
                ),
                "alertmanager": alertmanager_values(
                    image=names["alertmanager"],
                    recipients=recipients,
                    heartbeat_arn=topic_arn(heartbeat),
                    region=region,
                    storage_class=storage_class,
                    zones=zones,
                ),
                "grafana": grafana_values(
                    grafana=grafana,
                    namespace=namespace,
                    workspace=workspace,
                    image=names["grafana"],
                    sidecar=names["grafana-sidecar"],
                    proxy=names["signing-proxy"],
                ),
                "extraManifests": [
                    config_map("rds-ca", namespace, {"ca.pem": grafana.database_ca}),
                    *reader(namespace),
                ],
            },
        )

    def _identities(
        self,
        cluster: eks.ICluster,
        namespace: str,
        workspace: Workspace,
        scraped: ScrapedCluster | None,
        topics: Sequence[sns.ITopic],
    ) -> list[PodIdentity]:
        def identity(
            id_: str, account: str, description: str, *statements: Statement
        ) -> PodIdentity:
            return PodIdentity(
                self,
                id_,
                cluster=cluster,
                namespace=namespace,
                service_account=account,
                description=description,
                statements=statements,
            )

        write = identity(
            "Write",
            prometheus.SERVICE_ACCOUNT,
            "Prometheus finds tasks and keeps samples",
            allow(["aps:RemoteWrite"], [workspace.arn]),
            *(scraped.rights(location_of(self)) if scraped else ()),
        )
        publish = identity(
            "Tell",
            alertmanager.SERVICE_ACCOUNT,
            "Alertmanager tells the team",
            *(allow(["sns:Publish"], [topic_arn(topic)]) for topic in topics),
        )
        read = identity(
            "See",
            grafana_module.SERVICE_ACCOUNT,
            "Grafana draws what CloudWatch and the workspace have",
            allow(["cloudwatch:GetMetricData", "cloudwatch:ListMetrics"], ["*"]),
            allow(
                [
                    f"aps:{action}"
                    for action in ("GetLabels", "GetMetricMetadata", "GetSeries", "QueryMetrics")
                ],
                [workspace.arn],
            ),
        )
        reason = "CloudWatch has no resources to name for reading metrics, only the account."
        acknowledge(read, {wildcard_finding("*"): reason})
        if scraped:
            wide = ("*", *scraped.described_arns(location_of(self)))
            reason = "A condition names the cluster. Interfaces have no resources to name."
            acknowledge(write, dict.fromkeys(map(wildcard_finding, wide), reason))
        return [write, publish, read]
