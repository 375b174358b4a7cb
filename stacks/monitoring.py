"""What the observability stack releases into the cluster: Prometheus, Alertmanager and Grafana, and what they read."""

from collections.abc import Iterator

from aws_cdk import aws_sns as sns
from constructs import Construct

from spotmusic_cdk import versions
from spotmusic_cdk.namespaces import MONITORING, NODE_METRICS
from spotmusic_cdk.settings import Settings
from spotmusic_constructs.data.rds_ca import rds_ca
from spotmusic_constructs.identity import keycloak
from spotmusic_constructs.kubernetes.helm_release import LocalChart
from spotmusic_constructs.kubernetes.trust import Trust
from spotmusic_constructs.observability.alarm import Audience
from spotmusic_constructs.observability.grafana import Grafana
from spotmusic_constructs.observability.prometheus import ScrapeTarget, Workspace
from spotmusic_constructs.observability.prometheus_stack import KubePrometheusStack
from spotmusic_constructs.observability.rules_and_dashboards import Names, RulesAndDashboards
from stacks.data import DataStack
from stacks.eks_platform import EksPlatformStack
from stacks.realm import GRAFANA_URL
from stacks.registry import RegistryStack
from stacks.releases.site import CHARTS
from stacks.secrets import SecretsStack

_REALM = f"{keycloak.PATH}/realms/spotmusic"


class Monitoring(Construct):
    """The release of kube-prometheus-stack, after the certificates and Secrets that it names and the last wave of the platform.

    Rules and dashboards come before it, so that the first Prometheus of all starts with every alert.

    Args:
        settings: the environment.
        registry: for the images.
        secrets: for Grafana's administrator and its OIDC client.
        data: for Grafana's database.
        eks_platform: cluster, and what must be deployed before.
        workspace: where samples are kept for good.
        audience: recipients of alerts.
        heartbeat: topic whose silence is an alarm.
        names: names of what is deployed, which dashboards choose among.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        registry: RegistryStack,
        secrets: SecretsStack,
        data: DataStack,
        eks_platform: EksPlatformStack,
        workspace: Workspace,
        audience: Audience,
        heartbeat: sns.ITopic,
        names: Names,
    ) -> None:
        super().__init__(scope, construct_id)
        database, monitoring = data.identity, settings.kubernetes.monitoring
        grafana = Grafana(
            url=GRAFANA_URL,
            realm_url=settings.issuer,
            internal_realm_url=f"https://{keycloak.SERVICE}.keycloak.svc.cluster.local:{keycloak.PORT}{_REALM}",
            database_host=database.endpoint,
            database_port=database.port,
            database_ca=rds_ca(settings.region),
            database_user=database.users["grafana"],
            admin=secrets.secrets.grafana_admin,
            clients=secrets.secrets.keycloak_clients,
        )
        release = KubePrometheusStack(
            self,
            "Release",
            cluster=eks_platform.cluster,
            chart=versions.KUBE_PROMETHEUS_STACK,
            images=registry.images,
            environment=settings.name,
            workspace=workspace,
            audience=audience,
            heartbeat=heartbeat,
            grafana=grafana,
            targets=list(_targets(settings)),
            namespace=MONITORING,
            node_namespace=NODE_METRICS,
            storage_gib=monitoring.prometheus_storage_gib,
            zones=len(settings.zones),
            retention_hours=monitoring.retention_hours,
        )
        trust = Trust(
            self,
            "Trust",
            cluster=eks_platform.cluster,
            chart=LocalChart(path=CHARTS / "trust"),
            release="trust-monitoring",
            region=settings.region,
            certificates=release.certificates,
            external_secrets=release.external_secrets,
            founds=False,
            after=[eks_platform.last_wave],
        )
        rules = RulesAndDashboards(
            self,
            "Rules",
            cluster=eks_platform.cluster,
            chart=LocalChart(path=CHARTS / "monitoring"),
            names=names,
            runbooks=audience.runbooks,
            viewers=settings.kubernetes.viewers,
            namespace=MONITORING,
            after=[eks_platform.last_wave],
        )
        release.node.add_dependency(trust, rules)


def _targets(settings: Settings) -> Iterator[ScrapeTarget]:
    """Services outside the cluster; Cloud Map knows the address of each of their tasks."""
    for name, service in settings.services.items():
        if service.port is not None:
            yield ScrapeTarget(service=name, host=f"{name}.svc.{settings.private_domain}", port=service.port)
