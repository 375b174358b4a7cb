"""First waves: cluster base, Prometheus CRDs, certificates, Secrets and logs."""

from constructs import Construct

from spotmusic_cdk import flows, versions
from spotmusic_cdk.namespaces import MONITORING, POD_LOGS, namespaces
from spotmusic_constructs.kubernetes.cert_manager import CertManager
from spotmusic_constructs.kubernetes.cluster_base import ClusterBase
from spotmusic_constructs.kubernetes.external_secrets import ExternalSecretsOperator
from spotmusic_constructs.kubernetes.helm_release import LocalChart
from spotmusic_constructs.kubernetes.prometheus_crds import PrometheusCrds
from spotmusic_constructs.kubernetes.reloader import Reloader
from spotmusic_constructs.location import location_of
from spotmusic_constructs.observability.pod_logs import PodLogs
from stacks.releases.release_context import CHARTS, ReleaseContext
from stacks.releases.synced_secrets import synced_secrets

RELOADED = ("keycloak", "kong", MONITORING)
"""Namespaces of pods that restart when a password changes."""


def release_cluster_base(context: ReleaseContext) -> ClusterBase:
    """Release the cluster base: namespaces with their policies, node pools and storage classes."""
    return ClusterBase(
        context.stack,
        "Ground",
        cluster=context.cluster,
        chart=LocalChart(path=CHARTS / "ground"),
        kubernetes_version=context.settings.kubernetes.version,
        node_role=context.platform.node_role,
        subnets=context.network.vpc.select_subnets(subnet_group_name="application").subnets,
        node_security_group=context.network.security_groups.of(flows.NODES),
        key=context.secrets.keys.kubernetes,
        namespaces=namespaces(context.settings),
        flows=context.flows,
        vpc_cidr=context.settings.network.cidr,
        tags=context.stack.common_tags,
        removal_policy=context.stack.data_removal,
        spot=not context.settings.production,
        after=[context.platform.node_access],
    )


def release_operators(context: ReleaseContext, *, base: ClusterBase) -> tuple[Construct, ...]:
    """Release Prometheus CRDs (for monitors of charts), certificates, Secrets and logs."""
    images = context.registry.images
    kinds = PrometheusCrds(
        context.stack,
        "PrometheusCrds",
        cluster=context.cluster,
        chart=versions.PROMETHEUS_OPERATOR_CRDS,
        after=[base],
    )
    cert_manager = CertManager(
        context.stack,
        "CertManager",
        cluster=context.cluster,
        chart=versions.CERT_MANAGER,
        images=images,
        after=[base],
    )
    external_secrets = ExternalSecretsOperator(
        context.stack,
        "ExternalSecrets",
        cluster=context.cluster,
        chart=versions.EXTERNAL_SECRETS,
        images=images,
        secrets=list(synced_secrets(context)),
        authority_parameter_arn=_authority_parameter_arn(context),
        after=[base],
    )
    Reloader(
        context.stack,
        "Reloader",
        cluster=context.cluster,
        chart=versions.RELOADER,
        images=images,
        watched=RELOADED,
        after=[kinds],
    )
    PodLogs(
        context.stack,
        "PodLogs",
        cluster=context.cluster,
        chart=versions.FLUENT_BIT,
        images=images,
        key=context.secrets.keys.logs,
        log_retention=context.stack.log_retention.access,
        removal_policy=context.stack.data_removal,
        namespace=POD_LOGS,
        after=[kinds],
    )
    return (kinds, cert_manager, external_secrets)


def _authority_parameter_arn(context: ReleaseContext) -> str | None:
    name = context.settings.authority_parameter
    return name and location_of(context.stack).arn("ssm", f"parameter{name}")
