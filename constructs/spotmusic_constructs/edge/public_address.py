"""DNS records of a distribution."""

from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as targets
from constructs import Construct


class PublicAddress(Construct):
    """Alias records of a distribution's domain, for IPv4 and IPv6.

    Args:
        domain_name: the domain.
        hosted_zone: public hosted zone of the domain.
        distribution: target of the records.

    Example:
        PublicAddress(self, "Address", domain_name="music.example", hosted_zone=hosted_zone,
                      distribution=distribution)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        domain_name: str,
        hosted_zone: route53.IHostedZone,
        distribution: cloudfront.IDistribution,
    ) -> None:
        super().__init__(scope, construct_id)
        target = route53.RecordTarget.from_alias(targets.CloudFrontTarget(distribution))
        route53.ARecord(
            self, "Ipv4", zone=hosted_zone, record_name=f"{domain_name}.", target=target
        )
        route53.AaaaRecord(
            self, "Ipv6", zone=hosted_zone, record_name=f"{domain_name}.", target=target
        )
