"""Options and origins of the distribution; P-106 to P-117 cover TLS, caches, origins and
headers."""

from fnmatch import fnmatchcase

import pytest
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_s3 as s3

from spotmusic_constructs.edge.access_log_delivery import AccessLogDelivery
from spotmusic_constructs.edge.platform_distribution import FORGEABLE_HEADERS, PlatformDistribution
from spotmusic_constructs.edge.security_headers import PLAYER_POLICY, SecurityHeaders
from tests.conftest import new_stack
from tests.templates import Resources, only, resources_of
from tools.model.values import Json

CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/00000000-0000-0000-0000-000000000000"
LOAD_BALANCER = (
    "arn:aws:elasticloadbalancing:sa-east-1:111122223333:loadbalancer/app/gateway/0123456789abcdef"
)
DOMAIN: Json = {
    "gateway_domain_name": "gateway.internal.music.example",
    "domain_name": "music.example",
    "allowed_countries": ("BR", "PT"),
    "audio_shield_region": "sa-east-1",
}


def synthesize(*, domain: bool) -> Resources:
    stack = new_stack(region="us-east-1")
    PlatformDistribution(
        stack,
        "Edge",
        audio=s3.Bucket.from_bucket_attributes(
            stack, "Audio", bucket_name="audio", region="sa-east-1"
        ),
        web=s3.Bucket.from_bucket_attributes(stack, "Web", bucket_name="web", region="sa-east-1"),
        gateway=elbv2.ApplicationLoadBalancer.from_application_load_balancer_attributes(
            stack,
            "Gateway",
            load_balancer_arn=LOAD_BALANCER,
            security_group_id="sg-0",
            load_balancer_dns_name="internal-gateway.example",
        ),
        signing_keys=cloudfront.KeyGroup.from_key_group_id(stack, "Keys", "key-group"),
        web_acl_arn="arn:aws:wafv2:us-east-1:111122223333:global/webacl/example/0",
        certificate=acm.Certificate.from_certificate_arn(stack, "Certificate", CERTIFICATE)
        if domain
        else None,
        **(DOMAIN if domain else {"gateway_domain_name": None}),
    )
    return resources_of(stack)


@pytest.fixture(scope="module")
def full() -> Resources:
    return synthesize(domain=True)


@pytest.fixture(scope="module")
def minimal() -> Resources:
    return synthesize(domain=False)


def distribution(resources: Resources) -> Json:
    config: Json = only(resources, "AWS::CloudFront::Distribution")["DistributionConfig"]
    return config


def behavior(resources: Resources, path: str) -> Json:
    config: Json = next(
        found for found in distribution(resources)["CacheBehaviors"] if found["PathPattern"] == path
    )
    return config


def policy(resources: Resources, behaviour: Json, kind: str) -> Json:
    """Return the configuration of a behavior's policy, `OriginRequest` or `ResponseHeaders`."""
    config: Json = resources[behaviour[f"{kind}PolicyId"]["Ref"]]["Properties"][
        f"{kind}PolicyConfig"
    ]
    return config


def test_origin_shield_is_for_audio_only(full: Resources, minimal: Resources) -> None:
    shields = {
        origin["Id"]: origin["OriginShield"]
        for origin in distribution(full)["Origins"]
        if "OriginShield" in origin
    }
    assert shields == {
        behavior(full, "/audio/*")["TargetOriginId"]: {
            "Enabled": True,
            "OriginShieldRegion": "sa-east-1",
        }
    }
    assert not any("OriginShield" in origin for origin in distribution(minimal)["Origins"])


@pytest.mark.parametrize("path", ["/v1/*", "/auth/*"])
def test_api_receives_whole_requests(full: Resources, path: str) -> None:
    api = behavior(full, path)
    request = policy(full, api, "OriginRequest")
    assert set(api["AllowedMethods"]) == {
        "GET",
        "HEAD",
        "OPTIONS",
        "PUT",
        "PATCH",
        "POST",
        "DELETE",
    }
    assert request["CookiesConfig"] == {"CookieBehavior": "all"}
    assert request["QueryStringsConfig"] == {"QueryStringBehavior": "all"}
    assert request["HeadersConfig"] == {
        "HeaderBehavior": "allExcept",
        "Headers": list(FORGEABLE_HEADERS),
    }


def test_ten_forgeable_headers_at_most() -> None:
    """CloudFront accepts ten headers in an origin request policy."""
    assert len(FORGEABLE_HEADERS) <= 10


@pytest.mark.parametrize(
    ("path", "cached"),
    [
        ("/auth/resources/9t0rk/login/keycloak.v2/css/styles.css", True),
        ("/auth/resources/9t0rk/account/keycloak.v3/favicon.svg", True),
        # Texts of the account console in a language, without a hash (Keycloak, ThemeResource).
        ("/auth/resources/spotmusic/account/pt-BR", False),
        ("/auth/realms/spotmusic/account/", False),
    ],
)
def test_only_paths_with_a_hash_are_cached(full: Resources, path: str, cached: bool) -> None:
    (found, *_) = [
        behaviour
        for behaviour in distribution(full)["CacheBehaviors"]
        if fnmatchcase(path, behaviour["PathPattern"])
    ]
    disabled = cloudfront.CachePolicy.CACHING_DISABLED.cache_policy_id
    assert (found["CachePolicyId"] != disabled) == cached


def test_player_pages_have_routing_function(full: Resources) -> None:
    (association,) = distribution(full)["DefaultCacheBehavior"]["FunctionAssociations"]
    assert association["EventType"] == "viewer-request"


def test_countries_are_restricted_where_they_are_named(full: Resources, minimal: Resources) -> None:
    assert distribution(full)["Restrictions"] == {
        "GeoRestriction": {"Locations": ["BR", "PT"], "RestrictionType": "whitelist"}
    }
    assert "Restrictions" not in distribution(minimal)


def test_distribution_without_domain_uses_http_gateway(minimal: Resources) -> None:
    assert "Aliases" not in distribution(minimal)
    found = only(minimal, "AWS::CloudFront::VpcOrigin")["VpcOriginEndpointConfig"][
        "OriginProtocolPolicy"
    ]
    assert found == "http-only"
    gateway = next(
        origin for origin in distribution(minimal)["Origins"] if "VpcOriginConfig" in origin
    )
    assert gateway["DomainName"] == "internal-gateway.example"


def test_signed_audio_may_be_embedded(full: Resources) -> None:
    def embedding(part: Json) -> str:
        items = policy(full, part, "ResponseHeaders")["CustomHeadersConfig"]["Items"]
        return str(
            {header["Header"]: header["Value"] for header in items}["Cross-Origin-Resource-Policy"]
        )

    assert embedding(behavior(full, "/audio/*")) == "cross-origin"
    assert (
        embedding(behavior(full, "/v1/*"))
        == embedding(distribution(full)["DefaultCacheBehavior"])
        == "same-origin"
    )


def test_login_pages_keep_their_policies(full: Resources) -> None:
    security = policy(full, behavior(full, "/auth/*"), "ResponseHeaders")["SecurityHeadersConfig"]
    assert [
        security[name]["Override"]
        for name in ("ContentSecurityPolicy", "FrameOptions", "ReferrerPolicy")
    ] == [False, False, False]


@pytest.mark.parametrize("included", [True, False])
def test_hsts_includes_subdomains_on_request(included: bool) -> None:
    stack = new_stack(region="us-east-1")
    SecurityHeaders(
        stack, "Headers", content_security_policy=PLAYER_POLICY, include_subdomains=included
    )
    config = only(resources_of(stack), "AWS::CloudFront::ResponseHeadersPolicy")[
        "ResponseHeadersPolicyConfig"
    ]
    transport = config["SecurityHeadersConfig"]["StrictTransportSecurity"]
    assert transport == {
        "AccessControlMaxAgeSec": 63072000,
        "IncludeSubdomains": included,
        "Override": True,
    }


def test_log_delivery_rejects_invalid_name() -> None:
    stack = new_stack(region="us-east-1")
    origin = origins.HttpOrigin("origin.example")
    distribution = cloudfront.Distribution(
        stack, "Edge", default_behavior=cloudfront.BehaviorOptions(origin=origin)
    )
    logs = s3.Bucket.from_bucket_attributes(stack, "Logs", bucket_name="logs", region="sa-east-1")
    with pytest.raises(ValueError, match="up to 60 letters"):
        AccessLogDelivery(
            stack, "AccessLogs", name="no spaces", distribution=distribution, access_logs=logs
        )
