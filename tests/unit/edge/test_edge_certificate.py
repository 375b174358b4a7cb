import aws_cdk as cdk
import pytest
from aws_cdk import aws_route53 as route53
from aws_cdk.assertions import Template

from spotmusic_constructs.edge.edge_certificate import EdgeCertificate
from tests.conftest import new_stack

OURS = "arn:aws:acm:us-east-1:111122223333:certificate/00000000-0000-0000-0000-000000000000"


def certificate_in(stack: cdk.Stack, arn: str) -> EdgeCertificate:
    zone = route53.HostedZone.from_hosted_zone_attributes(
        stack, "Zone", hosted_zone_id="Z0123456789EXAMPLE", zone_name="music.example"
    )
    return EdgeCertificate(
        stack, "Certificate", domain_name="music.example", hosted_zone=zone, certificate_arn=arn
    )


def test_edge_uses_given_certificate() -> None:
    edge = certificate_in(new_stack(region="us-east-1"), OURS)
    assert edge.certificate.certificate_arn == OURS
    assert "AWS::CertificateManager::Certificate" not in str(
        Template.from_stack(cdk.Stack.of(edge)).to_json()
    )


def test_edge_rejects_certificate_of_other_region() -> None:
    with pytest.raises(ValueError, match="us-east-1"):
        certificate_in(new_stack(region="us-east-1"), OURS.replace("us-east-1", "sa-east-1"))
