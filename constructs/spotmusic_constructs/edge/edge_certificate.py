"""ACM certificate of the public domain."""

from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_route53 as route53
from constructs import Construct

from spotmusic_constructs.edge_region import EDGE_REGION


class EdgeCertificate(Construct):
    """ACM certificate for CloudFront, either created or imported.

    Creates a certificate with DNS validation in the hosted zone, which ACM renews automatically, or
    imports `certificate_arn`. The stack must be in us-east-1 (CloudFront developer guide,
    requirements for certificates).

    Args:
        domain_name: public domain of the platform.
        hosted_zone: public zone of that domain; CloudFormation writes the validation record there.
        certificate_arn: ARN of a certificate in us-east-1 to import instead.

    Raises:
        ValueError: if the given certificate is not in us-east-1.

    Example:
        certificate = EdgeCertificate(self, "Certificate", domain_name="music.example",
                                      hosted_zone=hosted_zone).certificate
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        domain_name: str,
        hosted_zone: route53.IHostedZone,
        certificate_arn: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        if certificate_arn is not None and f":acm:{EDGE_REGION}:" not in certificate_arn:
            raise ValueError(
                f"{certificate_arn} is not an ACM certificate in {EDGE_REGION}, which CloudFront "
                "requires. Request one there."
            )

        self.certificate: acm.ICertificate = (
            acm.Certificate.from_certificate_arn(self, "Certificate", certificate_arn)
            if certificate_arn
            else acm.Certificate(
                self,
                "Certificate",
                domain_name=domain_name,
                validation=acm.CertificateValidation.from_dns(hosted_zone),
            )
        )
