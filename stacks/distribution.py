"""CloudFront distribution of an environment, with its access logs."""

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.edge.access_log_delivery import AccessLogDelivery
from spotmusic_constructs.edge.platform_distribution import PlatformDistribution
from spotmusic_constructs.edge.signing_key_group import SigningKeyGroup
from spotmusic_constructs.edge.web_acl import WebAcl
from stacks.data import DataStack
from stacks.environment_stack import EnvironmentStack
from stacks.network import NetworkStack

_PRICE_CLASSES = {
    "100": cloudfront.PriceClass.PRICE_CLASS_100,
    "200": cloudfront.PriceClass.PRICE_CLASS_200,
    "all": cloudfront.PriceClass.PRICE_CLASS_ALL,
}


def platform_distribution(
    stack: EnvironmentStack,
    *,
    settings: Settings,
    data: DataStack,
    network: NetworkStack,
    signing_keys: SigningKeyGroup,
    web_acl: WebAcl,
    certificate: acm.ICertificate | None,
) -> cloudfront.Distribution:
    """Create the distribution of the web player, the audio library and the API."""
    domain, edge = settings.domain, settings.edge
    distribution = PlatformDistribution(
        stack,
        "Distribution",
        audio=data.audio.bucket,
        web=data.web.bucket,
        # As for the bucket's CORS: without a domain no page may upload.
        uploads=data.uploads.bucket if domain else None,
        gateway=network.gateway.load_balancer,
        gateway_domain_name=f"gateway.{settings.private_domain}" if domain else None,
        api_paths=_api_paths(settings),
        signing_keys=signing_keys.key_group,
        web_acl_arn=web_acl.arn,
        domain_name=domain.name if domain else None,
        certificate=certificate,
        allowed_countries=edge.allowed_countries,
        audio_shield_region=edge.origin_shield,
        hsts_subdomains=edge.hsts_include_subdomains,
        price_class=_PRICE_CLASSES[edge.price_class],
    ).distribution
    # Dashboards in the home region refer to it (docs/adr/0001).
    cdk.CrossStackReferences.of(distribution).produce(cdk.ReferenceStrength.WEAK)
    AccessLogDelivery(
        stack,
        "AccessLogs",
        name=f"{settings.resource_prefix}-edge",
        distribution=distribution,
        access_logs=data.logs.bucket,
    )
    return distribution


def _api_paths(settings: Settings) -> list[str]:
    """Return the path patterns of the Web API's versions and of logins."""
    versions = {
        "v1",
        *(service.route.split("/")[1] for service in settings.services.values() if service.route),
    }
    return [*(f"/{version}/*" for version in sorted(versions)), "/auth/*"]
