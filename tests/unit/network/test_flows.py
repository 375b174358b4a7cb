import pytest

from spotmusic_constructs.network.flows import CLOUDFRONT, INTERNET, VPC, Flow


@pytest.mark.parametrize(("port", "last_port"), [(0, None), (65536, None), (9100, 9093)])
def test_flow_rejects_invalid_ports(port: int, last_port: int | None) -> None:
    with pytest.raises(ValueError, match="not a valid range"):
        Flow(source="a", target="b", port=port, last_port=last_port, reason="A calls B")


@pytest.mark.parametrize("reason", ["", "A calls B's port", "música", "x" * 256])
def test_flow_rejects_invalid_reason(reason: str) -> None:
    with pytest.raises(ValueError, match="EC2 refuses the reason"):
        Flow(source="a", target="b", port=443, reason=reason)


@pytest.mark.parametrize(
    ("source", "target", "port", "message"),
    [
        (INTERNET, "gateway", 443, "may not open connections"),
        ("gateway", VPC, 443, "only a source"),
        ("gateway", CLOUDFRONT, 443, "only a source"),
        ("gateway", INTERNET, 80, "only to port 443"),
        (VPC, INTERNET, 443, "only parties of the platform"),
    ],
)
def test_flow_rejects_forbidden_ends(source: str, target: str, port: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Flow(source=source, target=target, port=port, reason="No")


@pytest.mark.parametrize(("source", "target"), [(VPC, "gateway"), ("gateway", INTERNET)])
def test_udp_flow_needs_security_groups(source: str, target: str) -> None:
    with pytest.raises(ValueError, match="between security groups"):
        Flow(source=source, target=target, port=443, protocol="udp", reason="No")
