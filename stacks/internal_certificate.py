"""Certificate of addresses inside the VPC."""

from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_route53 as route53
from constructs import Construct

from spotmusic_cdk.settings import Settings


def internal_certificate(
    scope: Construct, settings: Settings, *, host: str
) -> acm.ICertificate | None:
    """Create a certificate of addresses in the private zone, validated in the public domain.

    Args:
        scope: stack of the load balancers.
        settings: the environment.
        host: name below the private domain, or `*` for all names.

    Returns:
        The certificate, or None without a public domain.
    """
    domain = settings.domain
    if domain is None:
        return None
    zone = route53.HostedZone.from_hosted_zone_attributes(
        scope, "PublicZone", hosted_zone_id=domain.hosted_zone_id, zone_name=domain.name
    )
    return acm.Certificate(
        scope,
        "Certificate",
        domain_name=f"{host}.{settings.private_domain}",
        validation=acm.CertificateValidation.from_dns(zone),
    )
