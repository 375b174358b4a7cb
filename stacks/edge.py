"""Edge stack: CloudFront, its web ACL and its certificate, in their required region."""

import aws_cdk as cdk
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_route53 as route53
from constructs import Construct

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.edge.access_log_delivery import AccessLogDelivery
from spotmusic_constructs.edge.edge_certificate import EdgeCertificate
from spotmusic_constructs.edge.platform_distribution import PlatformDistribution
from spotmusic_constructs.edge.public_address import PublicAddress
from spotmusic_constructs.edge.signing_key_group import SigningKeyGroup
from spotmusic_constructs.edge_region import EDGE_REGION
from spotmusic_constructs.secrets.parameter_tree import ParameterTree
from stacks.data import DataStack
from stacks.environment_stack import EnvironmentStack
from stacks.network import NetworkStack
from stacks.secrets import SecretsStack
from stacks.viewer_alarms import viewer_alarms
from stacks.web_rules import web_acl

_PRICE_CLASSES = {
    "100": cloudfront.PriceClass.PRICE_CLASS_100,
    "200": cloudfront.PriceClass.PRICE_CLASS_200,
    "all": cloudfront.PriceClass.PRICE_CLASS_ALL,
}


class EdgeStack(EnvironmentStack):
    """CloudFront in front of the web player, the audio library and the API.

    No personal data is at rest in this region: access logs and the web ACL's logs go to the home
    region's log bucket.

    Attributes:
        distribution_id: id of the CloudFront distribution.
        web_acl: its web ACL.
        domain_name: public host name: the environment's domain, or CloudFront's own.
        recipients: recipients of alarms in this region.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        settings: Settings,
        secrets: SecretsStack,
        data: DataStack,
        network: NetworkStack,
    ) -> None:
        description = "Spotmusic: CloudFront, its web ACL and its certificate"
        super().__init__(
            scope,
            "edge",
            settings=settings,
            region=EDGE_REGION,
            data_class="public",
            description=description,
        )
        name, domain, edge = settings.resource_prefix, settings.domain, settings.edge
        zone = domain and route53.HostedZone.from_hosted_zone_attributes(
            self, "Zone", hosted_zone_id=domain.hosted_zone_id, zone_name=domain.name
        )
        certificate = (
            EdgeCertificate(
                self,
                "Certificate",
                domain_name=domain.name,
                hosted_zone=zone,
                certificate_arn=domain.edge_certificate,
            ).certificate
            if domain and zone
            else None
        )

        self.web_acl = web_acl(self, settings=settings, access_logs=data.logs.bucket)
        signing_keys = SigningKeyGroup(
            self,
            "SigningKeys",
            public_keys={pair.key_name: pair.public_key_pem for pair in secrets.signing_keys},
        )
        distribution = PlatformDistribution(
            self,
            "Distribution",
            audio=data.audio.bucket,
            web=data.web.bucket,
            # As for the bucket's CORS: without a domain no page may upload.
            uploads=data.uploads.bucket if domain else None,
            gateway=network.gateway.load_balancer,
            gateway_domain_name=f"gateway.{settings.private_domain}" if domain else None,
            api_paths=_api_paths(settings),
            signing_keys=signing_keys.key_group,
            web_acl_arn=self.web_acl.arn,
            domain_name=domain.name if domain else None,
            certificate=certificate,
            allowed_countries=edge.allowed_countries,
            audio_shield_region=edge.origin_shield,
            hsts_subdomains=edge.hsts_include_subdomains,
            price_class=_PRICE_CLASSES[edge.price_class],
        ).distribution
        # Dashboards in the home region refer to it (docs/adr/0001).
        cdk.CrossStackReferences.of(distribution).produce(cdk.ReferenceStrength.WEAK)
        self.distribution_id: str = distribution.distribution_id
        AccessLogDelivery(
            self,
            "AccessLogs",
            name=f"{name}-edge",
            distribution=distribution,
            access_logs=data.logs.bucket,
        )
        if domain and zone:
            PublicAddress(
                self,
                "Address",
                domain_name=domain.name,
                hosted_zone=zone,
                distribution=distribution,
            )

        self.domain_name: str = domain.name if domain else distribution.distribution_domain_name
        # Services sign URLs for this name with these keys. Their stacks deploy before this one, so
        # they read it at run time.
        ParameterTree(
            self,
            "Parameters",
            path=f"{settings.parameter_path}/edge",
            parameters={
                "distribution-id": self.distribution_id,
                "domain-name": self.domain_name,
                "signing-keys": signing_keys.ids,
            },
        )
        self.recipients = viewer_alarms(
            self,
            settings=settings,
            distribution_id=self.distribution_id,
            web_acl=self.web_acl,
            certificate=certificate,
        )
        cdk.CfnOutput(
            self,
            "Url",
            value=f"https://{self.domain_name}",
            description="Where listeners find the platform",
        )


def _api_paths(settings: Settings) -> list[str]:
    """Return the path patterns of the Web API's versions and of logins."""
    versions = {
        "v1",
        *(service.route.split("/")[1] for service in settings.services.values() if service.route),
    }
    return [*(f"/{version}/*" for version in sorted(versions)), "/auth/*"]
