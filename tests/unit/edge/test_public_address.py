from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_route53 as route53
from aws_cdk.assertions import Template

from spotmusic_constructs.edge.public_address import PublicAddress
from tests.conftest import new_stack


def test_domain_has_ipv4_and_ipv6_records() -> None:
    stack = new_stack(region="us-east-1")
    zone = route53.HostedZone.from_hosted_zone_attributes(stack, "Zone", hosted_zone_id="Z0123456789EXAMPLE", zone_name="music.example")
    distribution = cloudfront.Distribution.from_distribution_attributes(
        stack, "Distribution", distribution_id="E123", domain_name="d123.cloudfront.net"
    )
    PublicAddress(stack, "Address", domain_name="music.example", hosted_zone=zone, distribution=distribution)
    records = [r["Properties"] for r in Template.from_stack(stack).to_json()["Resources"].values()]
    assert {(r["Type"], r["Name"], r["AliasTarget"]["DNSName"]) for r in records} == {
        ("A", "music.example.", "d123.cloudfront.net"),
        ("AAAA", "music.example.", "d123.cloudfront.net"),
    }
