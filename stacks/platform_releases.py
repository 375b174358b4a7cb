"""Releases of the EKS platform, in ordered waves."""

from constructs import Construct

from spotmusic_cdk import versions
from spotmusic_constructs.kubernetes.helm_release import LocalChart
from spotmusic_constructs.kubernetes.metrics_server import MetricsServer
from spotmusic_constructs.kubernetes.secrets_and_certificates import SecretsAndCertificates
from stacks.releases.brokers import release_rabbitmq, release_redpanda
from stacks.releases.gateway_and_identity import release_keycloak, release_kong, release_realm
from stacks.releases.operators import release_cluster_base, release_operators
from stacks.releases.release_context import CHARTS, ReleaseContext
from stacks.releases.target_group_bindings import bind


def release_platform(context: ReleaseContext) -> Construct:
    """Release all components in the order of their dependencies, and return the last one."""
    base = release_cluster_base(context)
    MetricsServer(
        context.stack,
        "MetricsServer",
        cluster=context.cluster,
        addon_version=versions.METRICS_SERVER_ADD_ON,
        after=[base],
    )
    first_wave = release_operators(context, base=base)

    redpanda = release_redpanda(context)
    keycloak = release_keycloak(context)
    operators, rabbitmq = release_rabbitmq(context)
    realm = release_realm(context, keycloak=keycloak)
    kong = release_kong(context, keycloak=keycloak)
    components = (redpanda, keycloak, realm, rabbitmq, kong)
    trust = SecretsAndCertificates(
        context.stack,
        "Trust",
        cluster=context.cluster,
        chart=LocalChart(path=CHARTS / "trust"),
        region=context.settings.region,
        certificates=[
            certificate for component in components for certificate in component.certificates
        ],
        external_secrets=[
            secret for component in components for secret in component.external_secrets
        ],
        authority_parameter=context.settings.authority_parameter,
        after=first_wave,
    )
    for component in components:
        component.node.add_dependency(trust)
    # Parallel to their certificate: the pods of the operators wait for it.
    operators.node.add_dependency(*first_wave)
    return bind(context, after=(redpanda, rabbitmq, kong))
