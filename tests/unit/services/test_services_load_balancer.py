import pytest
from aws_cdk import aws_certificatemanager as acm

from tests.model.values import Json
from tests.templates import only
from tests.unit.services.service_fixture import ServiceFixture

BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
LISTENER = "AWS::ElasticLoadBalancingV2::Listener"
CERTIFICATE = "arn:aws:acm:sa-east-1:111122223333:certificate/00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def encrypted() -> Json:
    fixture = ServiceFixture()
    fixture.balancer(certificate=acm.Certificate.from_certificate_arn(fixture.stack, "Certificate", CERTIFICATE))
    return fixture.template()


@pytest.fixture(scope="module")
def plain() -> Json:
    fixture = ServiceFixture()
    fixture.balancer(deletion_protection=False)
    return fixture.template()


def attributes(template: Json) -> dict[str, str]:
    return {entry["Key"]: entry["Value"] for entry in only(template["Resources"], BALANCER)["LoadBalancerAttributes"]}


def test_services_load_balancer_is_internal(encrypted: Json) -> None:
    assert only(encrypted["Resources"], BALANCER)["Scheme"] == "internal"


def test_services_load_balancer_requires_modern_tls(encrypted: Json) -> None:
    listener = only(encrypted["Resources"], LISTENER)
    assert (listener["Port"], listener["Protocol"]) == (443, "HTTPS")
    assert listener["SslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2-Res-PQ")


def test_unknown_path_returns_404(encrypted: Json) -> None:
    (action,) = only(encrypted["Resources"], LISTENER)["DefaultActions"]
    assert (action["Type"], action["FixedResponseConfig"]["StatusCode"]) == ("fixed-response", "404")


def test_services_load_balancer_is_strict_and_logged(encrypted: Json) -> None:
    found = attributes(encrypted)
    assert found["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert found["routing.http.desync_mitigation_mode"] == "strictest"
    assert found["access_logs.s3.enabled"] == found["connection_logs.s3.enabled"] == "true"
    assert found["access_logs.s3.bucket"] == found["connection_logs.s3.bucket"] == "logs"


def test_services_load_balancer_has_deletion_protection(encrypted: Json) -> None:
    assert attributes(encrypted)["deletion_protection.enabled"] == "true"


def test_services_load_balancer_has_private_record(encrypted: Json) -> None:
    record = only(encrypted["Resources"], "AWS::Route53::RecordSet")
    assert (record["Name"], record["Type"]) == ("services.dev.spotmusic.internal.", "A")


def test_services_load_balancer_without_certificate_uses_http(plain: Json) -> None:
    listener = only(plain["Resources"], LISTENER)
    assert (listener["Port"], listener["Protocol"]) == (80, "HTTP")
    assert "SslPolicy" not in listener
