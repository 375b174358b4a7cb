from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from spotmusic_constructs.streaming.broker_load_balancer import BrokerLoadBalancer
from stacks import compliance
from tests.conftest import feature_flags

CERTIFICATE = "arn:aws:acm:sa-east-1:111122223333:certificate/1"


def synthesize(*, certificate: bool, **more: Any) -> dict[str, Any]:
    app = cdk.App(context=feature_flags())
    compliance.register(app)
    stack = cdk.Stack(app, "test", env=cdk.Environment(account="111122223333", region="sa-east-1"))
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-1",
        availability_zones=["sa-east-1a", "sa-east-1b", "sa-east-1c"],
        private_subnet_ids=["subnet-a", "subnet-b", "subnet-c"],
        private_subnet_names=["application"],
    )
    BrokerLoadBalancer(
        stack,
        "Brokers",
        vpc=vpc,
        security_group=ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-brokers", mutable=False),
        certificate=acm.Certificate.from_certificate_arn(stack, "Certificate", CERTIFICATE) if certificate else None,
        zone=route53.PrivateHostedZone.from_hosted_zone_attributes(stack, "Zone", hosted_zone_id="Z1", zone_name="internal.example"),
        logs=s3.Bucket.from_bucket_name(stack, "Logs", "logs"),
        cluster_name="spotmusic-test",
        **more,
    )
    # With the policy packs registered, this raises for each unacknowledged finding.
    return dict(Template.from_stack(stack).to_json())


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return synthesize(certificate=True, brokers=5, management=True)


@pytest.fixture(scope="module")
def without_domain() -> dict[str, Any]:
    return synthesize(certificate=False, deletion_protection=False)


def of_kind(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {name: r["Properties"] for name, r in template["Resources"].items() if r["Type"].endswith(f"V2::{kind}")}


def ports(template: dict[str, Any]) -> dict[int, int]:
    """Pod ports by listener port."""
    groups = of_kind(template, "TargetGroup")
    return {listener["Port"]: groups[_group(listener)]["Port"] for listener in of_kind(template, "Listener").values()}


def _group(listener: dict[str, Any]) -> str:
    (action,) = listener["DefaultActions"]
    return str(action["TargetGroupArn"]["Ref"])


def test_brokers_have_own_listeners_and_groups(template: dict[str, Any]) -> None:
    assert ports(template) == {
        9093: 9094,
        9100: 9094,
        9101: 9094,
        9102: 9094,
        9103: 9094,
        9104: 9094,
        9099: 8084,
        5671: 5671,
        15671: 15671,
    }
    groups = [_group(listener) for listener in of_kind(template, "Listener").values()]
    assert len(set(groups)) == len(groups)


def test_broker_load_balancer_reencrypts_tls(template: dict[str, Any]) -> None:
    for listener in of_kind(template, "Listener").values():
        assert listener["Protocol"] == "TLS"
        assert listener["SslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2-Res-PQ")
        assert listener["Certificates"] == [{"CertificateArn": CERTIFICATE}]
    assert {group["Protocol"] for group in of_kind(template, "TargetGroup").values()} == {"TLS"}


def test_broker_load_balancer_crosses_zones(template: dict[str, Any]) -> None:
    (balancer,) = of_kind(template, "LoadBalancer").values()
    attributes = {attribute["Key"]: attribute["Value"] for attribute in balancer["LoadBalancerAttributes"]}
    assert attributes["load_balancing.cross_zone.enabled"] == "true"
    assert attributes["deletion_protection.enabled"] == "true"
    assert attributes["access_logs.s3.bucket"] == "logs"
    assert (balancer["Scheme"], balancer["SecurityGroups"]) == ("internal", ["sg-brokers"])
    assert balancer["Subnets"] == ["subnet-a", "subnet-b", "subnet-c"]


def test_broker_targets_hide_client_address(template: dict[str, Any]) -> None:
    for group in of_kind(template, "TargetGroup").values():
        attributes = {attribute["Key"]: attribute["Value"] for attribute in group["TargetGroupAttributes"]}
        assert attributes["preserve_client_ip.enabled"] == "false"
        assert (group["TargetType"], group["HealthCheckProtocol"]) == ("ip", "TCP")


def test_broker_target_groups_have_cluster_tag(template: dict[str, Any]) -> None:
    for group in of_kind(template, "TargetGroup").values():
        assert {"Key": "eks:eks-cluster-name", "Value": "spotmusic-test"} in group["Tags"]


def test_broker_load_balancer_has_private_record(template: dict[str, Any]) -> None:
    (record,) = [r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::Route53::RecordSet"]
    assert (record["Name"], record["Type"]) == ("brokers.internal.example.", "A")


def test_broker_listeners_without_certificate_use_tcp(without_domain: dict[str, Any]) -> None:
    assert ports(without_domain).keys() == {9093, 9099, 9100, 9101, 9102, 5671}
    assert {listener["Protocol"] for listener in of_kind(without_domain, "Listener").values()} == {"TCP"}
    assert {group["Protocol"] for group in of_kind(without_domain, "TargetGroup").values()} == {"TCP"}
