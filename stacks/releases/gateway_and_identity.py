"""Releases of Keycloak with its realm, and of Kong."""

from spotmusic_cdk import versions
from spotmusic_constructs.data.cache import PORT as CACHE_PORT
from spotmusic_constructs.data.rds_ca import rds_ca
from spotmusic_constructs.data.relational_database import PORT as DATABASE_PORT
from spotmusic_constructs.gateway.declarative_config import GatewayRoute
from spotmusic_constructs.gateway.kong import Kong
from spotmusic_constructs.gateway.plugins import RateLimit, TokenCheck
from spotmusic_constructs.identity.keycloak import PATH, Keycloak
from spotmusic_constructs.identity.realm_configuration import RealmConfiguration
from spotmusic_constructs.kubernetes.helm_release import LocalChart
from stacks.realm import realm_of
from stacks.releases.release_context import CHARTS, ReleaseContext


def release_keycloak(context: ReleaseContext) -> Keycloak:
    """Release Keycloak."""
    settings, secrets = context.settings, context.secrets.secrets
    return Keycloak(
        context.stack,
        "Keycloak",
        cluster=context.cluster,
        chart=versions.KEYCLOAK,
        images=context.registry.images,
        public_url=settings.public_url,
        realm_name=settings.realm,
        database_host=context.data.identity_host,
        database_port=DATABASE_PORT,
        database_ca=rds_ca(settings.region),
        database_user=context.data.users["keycloak"],
        admin=secrets.keycloak_admin,
        automation=secrets.keycloak_automation,
        vpc_cidr=settings.network.cidr,
        replicas=settings.kubernetes.keycloak.replicas,
        zones=len(settings.zones),
    )


def release_realm(context: ReleaseContext, *, keycloak: Keycloak) -> RealmConfiguration:
    """Release the realm of the settings, after Keycloak."""
    images, secrets = context.registry.images, context.secrets.secrets
    return RealmConfiguration(
        context.stack,
        "Realm",
        cluster=context.cluster,
        chart=LocalChart(path=CHARTS / "realm"),
        config_image=images.image(versions.KEYCLOAK.images["config"]),
        keycloak_image=images.image(versions.KEYCLOAK.images["keycloak"]),
        url=f"{keycloak.url}{PATH}",
        realm=realm_of(context.settings),
        automation=secrets.keycloak_automation,
        clients=secrets.keycloak_clients,
        after=[keycloak],
    )


def release_kong(context: ReleaseContext, *, keycloak: Keycloak) -> Kong:
    """Release the gateway of the Web API, which routes logins to Keycloak."""
    settings = context.settings
    kong, zone = settings.kubernetes.kong, settings.private_domain
    return Kong(
        context.stack,
        "Kong",
        cluster=context.cluster,
        chart=versions.KONG,
        images=context.registry.images,
        routes=[
            GatewayRoute(service=name, path=service.route, public=service.public)
            for name, service in settings.services.items()
            if service.route
        ],
        services_url=f"{'https' if settings.domain else 'http'}://services.{zone}",
        login_url=keycloak.url,
        public_url=settings.public_url,
        token_check=TokenCheck(issuer=settings.issuer, jwks_uri=keycloak.jwks_uri),
        rate_limit=RateLimit(
            requests_per_minute=kong.requests_per_minute,
            host=context.data.cache_host,
            port=CACHE_PORT,
        ),
        cache_user=context.data.users["kong"],
        vpc_cidr=settings.network.cidr,
        realm_name=settings.realm,
        min_replicas=kong.min_replicas,
        max_replicas=kong.max_replicas,
    )
