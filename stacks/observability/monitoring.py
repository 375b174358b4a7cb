"""Prometheus, Alertmanager and Grafana in the cluster."""

from aws_cdk import aws_sns as sns
from constructs import Construct

from spotmusic_cdk import versions
from spotmusic_cdk.namespaces import MONITORING, NODE_METRICS
from spotmusic_constructs.arns import cluster_arn
from spotmusic_constructs.data.rds_ca import rds_ca
from spotmusic_constructs.identity.keycloak import realm_url
from spotmusic_constructs.kubernetes.helm_release import LocalChart
from spotmusic_constructs.kubernetes.secrets_and_certificates import SecretsAndCertificates
from spotmusic_constructs.observability.alarm import Recipients
from spotmusic_constructs.observability.grafana import Grafana
from spotmusic_constructs.observability.prometheus import ScrapedCluster, ScrapeTarget, Workspace
from spotmusic_constructs.observability.prometheus_stack import KubePrometheusStack
from spotmusic_constructs.observability.rules_and_dashboards import RulesAndDashboards
from stacks.observability.components import Components
from stacks.observability.dashboards import grafana_names
from stacks.realm import GRAFANA_URL
from stacks.releases.release_context import CHARTS


class Monitoring(Construct):
    """Release of kube-prometheus-stack, after its Secrets and the platform's last wave.

    Rules and dashboards are released before it, so that the first Prometheus starts with every
    alert.

    Args:
        components: cluster, images, secrets, and names for the dashboards.
        workspace: workspace of Amazon Managed Service for Prometheus.
        recipients: topics of alerts.
        heartbeat: topic of the heartbeat. An alarm reports a missing heartbeat.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        components: Components,
        workspace: Workspace,
        recipients: Recipients,
        heartbeat: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        settings, secrets = components.settings, components.secrets.secrets
        eks_platform = components.eks_platform
        database, monitoring = components.data.identity, settings.kubernetes.monitoring
        grafana = Grafana(
            url=GRAFANA_URL,
            realm_url=settings.issuer,
            internal_realm_url=realm_url(settings.realm),
            database_host=database.endpoint,
            database_port=database.port,
            database_ca=rds_ca(settings.region),
            database_user=database.users["grafana"],
            admin=secrets.grafana_admin,
            clients=secrets.keycloak_clients,
        )
        release = KubePrometheusStack(
            self,
            "Release",
            cluster=eks_platform.cluster,
            chart=versions.KUBE_PROMETHEUS_STACK,
            images=components.registry.images,
            environment_name=settings.name,
            workspace=workspace,
            recipients=recipients,
            heartbeat=heartbeat,
            grafana=grafana,
            scraped=_scraped(components),
            namespace=MONITORING,
            node_namespace=NODE_METRICS,
            storage_gib=monitoring.prometheus_storage_gib,
            zones=len(settings.zones),
            retention_hours=monitoring.retention_hours,
        )
        trust = SecretsAndCertificates(
            self,
            "Trust",
            cluster=eks_platform.cluster,
            chart=LocalChart(path=CHARTS / "trust"),
            release="trust-monitoring",
            region=settings.region,
            certificates=release.certificates,
            external_secrets=release.external_secrets,
            creates_issuer=False,
            after=[eks_platform.last_wave],
        )
        rules = RulesAndDashboards(
            self,
            "Rules",
            cluster=eks_platform.cluster,
            chart=LocalChart(path=CHARTS / "monitoring"),
            names=grafana_names(components),
            runbooks=recipients.runbooks,
            viewers=settings.kubernetes.viewers,
            namespace=MONITORING,
            after=[eks_platform.last_wave],
        )
        release.release.node.add_dependency(trust, rules)


def _scraped(components: Components) -> ScrapedCluster | None:
    """Return the services with a port on ECS, if there are any."""
    services = components.settings.services
    targets = [
        ScrapeTarget(service=name, ecs_name=ecs_name, port=port)
        for name, ecs_name in components.services.items()
        if (port := services[name].port)
    ]
    arn = cluster_arn(components.ecs_services.cluster)
    return ScrapedCluster(arn=arn, targets=targets) if targets else None
