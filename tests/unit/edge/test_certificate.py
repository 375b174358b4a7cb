from typing import Any

import pytest
from aws_cdk import aws_route53 as route53
from aws_cdk.assertions import Template

from spotmusic_constructs.edge.certificate import EdgeCertificate
from tests.conftest import new_stack

OURS = "arn:aws:acm:us-east-1:111122223333:certificate/00000000-0000-0000-0000-000000000000"


def synthesize(certificate_arn: str | None = None) -> tuple[Any, dict[str, Any]]:
    stack = new_stack(region="us-east-1")
    zone = route53.HostedZone.from_hosted_zone_attributes(stack, "Zone", hosted_zone_id="Z0123456789EXAMPLE", zone_name="music.example")
    edge = EdgeCertificate(stack, "Certificate", domain_name="music.example", hosted_zone=zone, certificate_arn=certificate_arn)
    return stack.resolve(edge.certificate.certificate_arn), dict(Template.from_stack(stack).to_json())


def test_edge_certificate_is_validated_by_dns() -> None:
    arn, template = synthesize()
    assert (
        template["Resources"][arn["Ref"]]["Properties"].items()
        >= {
            "DomainName": "music.example",
            "DomainValidationOptions": [{"DomainName": "music.example", "HostedZoneId": "Z0123456789EXAMPLE"}],
            "ValidationMethod": "DNS",
        }.items()
    )


def test_edge_uses_given_certificate() -> None:
    arn, template = synthesize(OURS)
    assert arn == OURS
    assert "Resources" not in template or not template["Resources"]


def test_edge_rejects_certificate_of_other_region() -> None:
    with pytest.raises(ValueError, match="us-east-1"):
        synthesize(OURS.replace("us-east-1", "sa-east-1"))
