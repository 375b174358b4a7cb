"""The first waves: the ground, the kinds of Prometheus, certificates, Secrets and logs."""

from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from spotmusic_cdk import flows, versions
from spotmusic_cdk.namespaces import MONITORING, POD_LOGS, namespaces
from spotmusic_constructs.kubernetes.cert_manager import CertManager
from spotmusic_constructs.kubernetes.external_secrets import ExternalSecretsOperator
from spotmusic_constructs.kubernetes.ground import Ground
from spotmusic_constructs.kubernetes.helm_release import LocalChart
from spotmusic_constructs.kubernetes.prometheus_crds import PrometheusCrds
from spotmusic_constructs.kubernetes.reloader import Reloader
from spotmusic_constructs.log_retention import retention_of
from spotmusic_constructs.observability.pod_logs import PodLogs
from stacks.realm import secrets_of
from stacks.releases.site import CHARTS, Site

RELOADED = ("keycloak", "kong", MONITORING)
"""Namespaces of pods that read passwords when they start, and start again when one has changed."""


def lay_ground(site: Site) -> Ground:
    """Lays what every other release stands on: namespaces with their rules, nodes, volumes."""
    return Ground(
        site.stack,
        "Ground",
        cluster=site.cluster,
        chart=LocalChart(path=CHARTS / "ground"),
        kubernetes_version=site.settings.kubernetes.version,
        node_role=site.platform.node_role,
        subnets=site.network.vpc.select_subnets(subnet_group_name="application").subnets,
        node_security_group=site.network.security_groups.of(flows.NODES),
        key=site.secrets.keys.kubernetes,
        namespaces=namespaces(site.settings),
        flows=site.flows,
        vpc_cidr=site.settings.network.cidr,
        tags=site.stack.common_tags,
        removal_policy=site.stack.data_removal,
        spot=not site.settings.production,
        after=[site.platform.node_access],
    )


def release_foundations(site: Site, *, ground: Ground) -> tuple[Construct, ...]:
    """The kinds of Prometheus, without which charts leave their monitors out; what makes certificates and Secrets; logs."""
    images = site.registry.images
    kinds = PrometheusCrds(site.stack, "PrometheusCrds", cluster=site.cluster, chart=versions.PROMETHEUS_OPERATOR_CRDS, after=[ground])
    cert_manager = CertManager(site.stack, "CertManager", cluster=site.cluster, chart=versions.CERT_MANAGER, images=images, after=[kinds])
    external_secrets = ExternalSecretsOperator(
        site.stack,
        "ExternalSecrets",
        cluster=site.cluster,
        chart=versions.EXTERNAL_SECRETS,
        images=images,
        secrets=list(_synced_secrets(site)),
        authority_parameter_arn=_authority_parameter_arn(site),
        after=[kinds],
    )
    reloader = Reloader(
        site.stack, "Reloader", cluster=site.cluster, chart=versions.RELOADER, images=images, watched=RELOADED, after=[kinds]
    )
    PodLogs(
        site.stack,
        "PodLogs",
        cluster=site.cluster,
        chart=versions.FLUENT_BIT,
        images=images,
        key=site.secrets.keys.logs,
        retention=retention_of(site.settings.observability.access_log_days),
        removal_policy=site.stack.data_removal,
        namespace=POD_LOGS,
        after=[kinds],
    )
    return (cert_manager, external_secrets, reloader)


def _authority_parameter_arn(site: Site) -> str | None:
    name = site.settings.authority_parameter
    return name and site.stack.format_arn(service="ssm", resource="parameter", resource_name=name.removeprefix("/"))


def _synced_secrets(site: Site) -> tuple[secretsmanager.ISecret, ...]:
    """Every secret that a pod reads; Grafana's too, which the observability stack releases."""
    secrets = site.secrets.secrets
    return (
        secrets.redpanda_admin,
        *((site.redpanda_license,) if site.redpanda_license else ()),
        *site.redpanda_users.values(),
        secrets.rabbitmq_default_user,
        secrets.rabbitmq_monitor,
        *site.rabbitmq_users.values(),
        secrets.keycloak_admin,
        secrets.keycloak_automation,
        secrets.keycloak_clients,
        secrets.grafana_admin,
        *site.data.identity.users.values(),
        site.data.cache.users["kong"],
        *(
            secretsmanager.Secret.from_secret_complete_arn(site.stack, f"RealmSecret{place}", arn)
            for place, arn in enumerate(dict.fromkeys(secrets_of(site.settings)))
        ),
    )
