"""What runs on the EKS platform, released in waves of which each needs the one before."""

from constructs import Construct

from spotmusic_cdk import versions
from spotmusic_constructs.kubernetes.helm_release import LocalChart
from spotmusic_constructs.kubernetes.metrics_server import MetricsServer
from spotmusic_constructs.kubernetes.trust import Trust
from stacks.releases.binding import bind
from stacks.releases.brokers import release_rabbitmq, release_redpanda
from stacks.releases.entrance import release_keycloak, release_kong, release_realm
from stacks.releases.foundations import lay_ground, release_foundations
from stacks.releases.site import CHARTS, Site


def release_platform(site: Site) -> Construct:
    """Releases everything in the order in which one needs the other, and returns the last of it."""
    ground = lay_ground(site)
    MetricsServer(site.stack, "MetricsServer", cluster=site.cluster, version=versions.METRICS_SERVER_ADD_ON, after=[ground])
    foundations = release_foundations(site, ground=ground)

    redpanda = release_redpanda(site)
    keycloak = release_keycloak(site)
    operators, rabbitmq = release_rabbitmq(site)
    realm = release_realm(site, keycloak=keycloak)
    kong = release_kong(site, keycloak=keycloak)
    components = (redpanda, keycloak, realm, rabbitmq, kong)
    trust = Trust(
        site.stack,
        "Trust",
        cluster=site.cluster,
        chart=LocalChart(path=CHARTS / "trust"),
        region=site.settings.region,
        certificates=[certificate for component in components for certificate in component.certificates],
        external_secrets=[secret for component in components for secret in component.external_secrets],
        authority_parameter=site.settings.authority_parameter,
        after=foundations,
    )
    for component in (operators, *components):
        component.node.add_dependency(trust)
    return bind(site, after=components)
