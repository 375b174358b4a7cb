from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from spotmusic_constructs.gateway.gateway_load_balancer import GatewayLoadBalancer
from stacks import compliance
from tests.conftest import feature_flags

CERTIFICATE = "arn:aws:acm:sa-east-1:111122223333:certificate/1"


def synthesize(*, certificate: bool, protected: bool = True) -> dict[str, Any]:
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
    GatewayLoadBalancer(
        stack,
        "Gateway",
        vpc=vpc,
        security_group=ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-gateway", mutable=False),
        certificate=acm.Certificate.from_certificate_arn(stack, "Certificate", CERTIFICATE) if certificate else None,
        zone=route53.PrivateHostedZone.from_hosted_zone_attributes(stack, "Zone", hosted_zone_id="Z1", zone_name="internal.example"),
        logs=s3.Bucket.from_bucket_name(stack, "Logs", "logs"),
        cluster_name="spotmusic-test",
        deletion_protection=protected,
    )
    # With the policy packs registered, this raises for each unacknowledged finding.
    return dict(Template.from_stack(stack).to_json())


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return synthesize(certificate=True)


@pytest.fixture(scope="module")
def without_domain() -> dict[str, Any]:
    return synthesize(certificate=False, protected=False)


def one(template: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = [resource["Properties"] for resource in template["Resources"].values() if resource["Type"].endswith(f"::{kind}")]
    return dict(found)


def attributes(resource: dict[str, Any], name: str = "LoadBalancerAttributes") -> dict[str, str]:
    return {attribute["Key"]: attribute["Value"] for attribute in resource[name]}


def test_gateway_load_balancer_is_internal(template: dict[str, Any]) -> None:
    balancer = one(template, "LoadBalancer")
    assert (balancer["Scheme"], balancer["Type"]) == ("internal", "application")
    assert balancer["Subnets"] == ["subnet-a", "subnet-b", "subnet-c"]
    assert balancer["SecurityGroups"] == ["sg-gateway"]


def test_gateway_load_balancer_drops_invalid_headers(template: dict[str, Any]) -> None:
    assert (
        attributes(one(template, "LoadBalancer")).items()
        >= {
            "routing.http.drop_invalid_header_fields.enabled": "true",
            "routing.http.desync_mitigation_mode": "strictest",
            "routing.http.preserve_host_header.enabled": "true",
            "deletion_protection.enabled": "true",
            "zonal_shift.config.enabled": "true",
        }.items()
    )


def test_gateway_load_balancer_logs_requests_and_connections(template: dict[str, Any]) -> None:
    found = attributes(one(template, "LoadBalancer"))
    for kind in ("access", "connection"):
        assert found[f"{kind}_logs.s3.enabled"] == "true"
        assert found[f"{kind}_logs.s3.bucket"] == "logs"
        assert found[f"{kind}_logs.s3.prefix"] == f"gateway-{kind}"
    assert not [resource for resource in template["Resources"].values() if resource["Type"] == "AWS::S3::BucketPolicy"]


def test_gateway_listener_requires_modern_tls(template: dict[str, Any]) -> None:
    listener = one(template, "Listener")
    assert (listener["Port"], listener["Protocol"]) == (443, "HTTPS")
    assert listener["SslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2-Res-PQ")
    assert listener["Certificates"] == [{"CertificateArn": CERTIFICATE}]
    assert [action["Type"] for action in listener["DefaultActions"]] == ["forward"]


def test_gateway_health_check_uses_status_port(template: dict[str, Any]) -> None:
    group = one(template, "TargetGroup")
    assert (group["TargetType"], group["Protocol"], group["Port"]) == ("ip", "HTTPS", 8443)
    assert (group["HealthCheckProtocol"], group["HealthCheckPort"], group["HealthCheckPath"]) == ("HTTP", "8100", "/status/ready")


def test_auto_mode_may_register_pods(template: dict[str, Any]) -> None:
    assert {"Key": "eks:eks-cluster-name", "Value": "spotmusic-test"} in one(template, "TargetGroup")["Tags"]


def test_gateway_load_balancer_has_private_record(template: dict[str, Any]) -> None:
    record = one(template, "RecordSet")
    assert (record["Name"], record["Type"], record["HostedZoneId"]) == ("gateway.internal.example.", "A", "Z1")


def test_gateway_load_balancer_adds_no_rules(template: dict[str, Any]) -> None:
    assert not [resource for resource in template["Resources"].values() if resource["Type"].startswith("AWS::EC2::SecurityGroup")]


def test_gateway_without_domain_listens_on_http(without_domain: dict[str, Any]) -> None:
    listener = one(without_domain, "Listener")
    assert (listener["Port"], listener["Protocol"]) == (80, "HTTP")
    assert attributes(one(without_domain, "LoadBalancer"))["deletion_protection.enabled"] == "false"
