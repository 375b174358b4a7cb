"""Edge stack: CloudFront, its web ACL and its certificate, in the region that AWS requires."""

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_route53 as route53
from constructs import Construct

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.edge.edge_certificate import EdgeCertificate
from spotmusic_constructs.edge.public_address import PublicAddress
from spotmusic_constructs.edge.signing_key_group import SigningKeyGroup
from spotmusic_constructs.edge_region import EDGE_REGION
from spotmusic_constructs.secrets.parameter_tree import ParameterTree
from stacks.data import DataStack
from stacks.distribution import platform_distribution
from stacks.environment_stack import EnvironmentStack
from stacks.network import NetworkStack
from stacks.secrets import SecretsStack
from stacks.viewer_alarms import viewer_alarms
from stacks.web_rules import web_acl


class EdgeStack(EnvironmentStack):
    """CloudFront in front of the web player, the audio library and the API.

    No personal data is at rest in this region: CloudFront and the web ACL send their logs to the
    log bucket of the home region.

    Attributes:
        distribution_id: id of the CloudFront distribution.
        web_acl: its web ACL.
        domain_name: public host name: the domain of the environment or of CloudFront.
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
        domain = settings.domain
        zone = domain and route53.HostedZone.from_hosted_zone_attributes(
            self, "Zone", hosted_zone_id=domain.hosted_zone_id, zone_name=domain.name
        )
        certificate: acm.ICertificate | None = None
        if domain and zone:
            certificate = EdgeCertificate(
                self,
                "Certificate",
                domain_name=domain.name,
                hosted_zone=zone,
                certificate_arn=domain.edge_certificate,
            ).certificate

        self.web_acl = web_acl(self, settings=settings, access_logs=data.logs.bucket)
        signing_keys = SigningKeyGroup(
            self,
            "SigningKeys",
            public_keys={pair.key_name: pair.public_key_pem for pair in secrets.signing_keys},
        )
        distribution = platform_distribution(
            self,
            settings=settings,
            data=data,
            network=network,
            signing_keys=signing_keys,
            web_acl=self.web_acl,
            certificate=certificate,
        )
        self.distribution_id: str = distribution.distribution_id
        if domain and zone:
            PublicAddress(
                self,
                "Address",
                domain_name=domain.name,
                hosted_zone=zone,
                distribution=distribution,
            )

        self.domain_name: str = domain.name if domain else distribution.distribution_domain_name
        # Services sign URLs for this name with these keys. They read the parameters at run time,
        # because their stacks are deployed before this one.
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
