import pytest
from aws_cdk.assertions import Template

from spotmusic_constructs.edge.security_headers import NO_CONTENT, PLAYER_POLICY, SecurityHeaders
from tests.conftest import new_stack
from tests.model.values import Json


@pytest.fixture(scope="module")
def policies() -> dict[str, Json]:
    stack = new_stack(region="us-east-1")
    SecurityHeaders(stack, "Player", content_security_policy=PLAYER_POLICY)
    SecurityHeaders(stack, "Apex", content_security_policy=PLAYER_POLICY, include_subdomains=True)
    SecurityHeaders(stack, "Api", content_security_policy=NO_CONTENT, origin_decides=True)
    resources = Template.from_stack(stack).to_json()["Resources"]
    return {id_.split("Policy")[0]: r["Properties"]["ResponseHeadersPolicyConfig"] for id_, r in resources.items()}


def test_hsts_overrides_origin(policies: dict[str, Json]) -> None:
    for name, policy in policies.items():
        transport = policy["SecurityHeadersConfig"]["StrictTransportSecurity"]
        assert transport == {"AccessControlMaxAgeSec": 63072000, "IncludeSubdomains": name == "Apex", "Override": True}
        assert policy["SecurityHeadersConfig"]["ContentTypeOptions"] == {"Override": True}


def test_player_policy_allows_own_origin_only(policies: dict[str, Json]) -> None:
    directives = policies["Player"]["SecurityHeadersConfig"]["ContentSecurityPolicy"]["ContentSecurityPolicy"].split("; ")
    assert "default-src 'self'" in directives
    assert "script-src 'self'" in directives
    assert "media-src 'self' blob:" in directives
    assert "frame-ancestors 'self'" in directives
    assert "upgrade-insecure-requests" in directives
    assert policies["Player"]["SecurityHeadersConfig"]["ContentSecurityPolicy"]["Override"] is True


def test_login_pages_keep_their_policies(policies: dict[str, Json]) -> None:
    security = policies["Api"]["SecurityHeadersConfig"]
    assert [security[name]["Override"] for name in ("ContentSecurityPolicy", "FrameOptions", "ReferrerPolicy")] == [False, False, False]


def test_cors_allows_own_site_only(policies: dict[str, Json]) -> None:
    for policy in policies.values():
        assert "CorsConfig" not in policy
        custom = {header["Header"]: header["Value"] for header in policy["CustomHeadersConfig"]["Items"]}
        assert custom["Cross-Origin-Resource-Policy"] == "same-origin"
        assert custom["Permissions-Policy"].startswith("camera=()")
