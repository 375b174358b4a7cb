"""The certificate that viewers see."""

from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_route53 as route53
from constructs import Construct

from spotmusic_constructs.edge_region import EDGE_REGION


class EdgeCertificate(Construct):
    """An ACM certificate for CloudFront, requested and validated here or brought along.

    Creates a certificate that is validated by DNS in the hosted zone, which renews it for good, or nothing when an ARN
    is given. Only a stack in us-east-1 can hold it (CloudFront developer guide, requirements for certificates).

    Args:
        domain_name: domain that listeners type.
        hosted_zone: public zone of that domain; CloudFormation writes the validation record there.
        certificate_arn: ARN of a certificate of us-east-1 to use instead.

    Raises:
        ValueError: the given certificate is not one of us-east-1.

    Example:
        certificate = EdgeCertificate(self, "Certificate", domain_name="music.example", hosted_zone=zone).certificate
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
                f"{certificate_arn} is not an ACM certificate of {EDGE_REGION}, and CloudFront takes no other. Request one there."
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
