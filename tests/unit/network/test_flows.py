import pytest

from spotmusic_cdk import flows
from spotmusic_constructs.network.flows import CLOUDFRONT, INTERNET, VPC, Flow
from tests.conftest import sample_of


def test_flow_has_one_port_by_default() -> None:
    assert Flow(source="a", target="b", port=443, reason="A calls B").ports == (443, 443)


@pytest.mark.parametrize(("port", "last_port"), [(0, None), (65536, None), (9100, 9093)])
def test_flow_rejects_invalid_ports(port: int, last_port: int | None) -> None:
    with pytest.raises(ValueError, match="no range of TCP ports"):
        Flow(source="a", target="b", port=port, last_port=last_port, reason="A calls B")


@pytest.mark.parametrize("reason", ["", "A calls B's port", "música", "x" * 256])
def test_flow_rejects_invalid_reason(reason: str) -> None:
    with pytest.raises(ValueError, match="EC2 refuses the reason"):
        Flow(source="a", target="b", port=443, reason=reason)


@pytest.mark.parametrize(
    ("source", "target", "port", "message"),
    [
        (INTERNET, "gateway", 443, "may not open connections"),
        ("gateway", VPC, 443, "only ever a source"),
        ("gateway", CLOUDFRONT, 443, "only ever a source"),
        ("gateway", INTERNET, 80, "only on 443"),
        (VPC, INTERNET, 443, "only our own parties"),
    ],
)
def test_flow_rejects_forbidden_ends(source: str, target: str, port: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Flow(source=source, target=target, port=port, reason="No")


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_external_flows_connect_cloudfront_and_gateway(environment: str) -> None:
    table = flows.table(sample_of(environment))
    assert {flow.source for flow in table} & {CLOUDFRONT, INTERNET} == {CLOUDFRONT}
    assert {flow.target for flow in table if flow.source == CLOUDFRONT} == {"gateway-load-balancer"}
    assert {flow.target for flow in table if flow.source == VPC} == {"endpoints"}


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_data_stores_open_no_connections(environment: str) -> None:
    sources = {flow.source for flow in flows.table(sample_of(environment))}
    assert not sources & {"catalogue-database", "identity-database", "cache", "endpoints"}
