import pytest
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from spotmusic_constructs.edge.platform_distribution import FORGEABLE_HEADERS, PlatformDistribution
from tests.conftest import new_stack
from tests.model.values import Json

CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
"""Ids of AWS's managed cache policies (CloudFront developer guide, managed cache policies)."""
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/00000000-0000-0000-0000-000000000000"
LOAD_BALANCER = "arn:aws:elasticloadbalancing:sa-east-1:111122223333:loadbalancer/app/gateway/0123456789abcdef"


def synthesize(*, domain: bool) -> Json:
    stack = new_stack(region="us-east-1")
    PlatformDistribution(
        stack,
        "Edge",
        audio=s3.Bucket.from_bucket_attributes(stack, "Audio", bucket_name="audio", region="sa-east-1"),
        web=s3.Bucket.from_bucket_attributes(stack, "Web", bucket_name="web", region="sa-east-1"),
        gateway=elbv2.ApplicationLoadBalancer.from_application_load_balancer_attributes(
            stack, "Gateway", load_balancer_arn=LOAD_BALANCER, security_group_id="sg-0", load_balancer_dns_name="internal-gateway.example"
        ),
        uploads=s3.Bucket.from_bucket_attributes(stack, "Uploads", bucket_name="uploads", region="sa-east-1") if domain else None,
        signing_keys=cloudfront.KeyGroup.from_key_group_id(stack, "Keys", "key-group"),
        web_acl_arn="arn:aws:wafv2:us-east-1:111122223333:global/webacl/example/0",
        gateway_domain_name="gateway.internal.music.example" if domain else None,
        domain_name="music.example" if domain else None,
        certificate=acm.Certificate.from_certificate_arn(stack, "Certificate", CERTIFICATE) if domain else None,
        allowed_countries=("BR", "PT") if domain else (),
    )
    return dict(Template.from_stack(stack).to_json())


@pytest.fixture(scope="module")
def full() -> Json:
    return synthesize(domain=True)


@pytest.fixture(scope="module")
def minimal() -> Json:
    return synthesize(domain=False)


def one(template: Json, type_: str) -> Json:
    (found,) = (r["Properties"] for r in template["Resources"].values() if r["Type"] == type_)
    properties: Json = found
    return properties


def distribution(template: Json) -> Json:
    config: Json = one(template, "AWS::CloudFront::Distribution")["DistributionConfig"]
    return config


def behavior(template: Json, path: str) -> Json:
    (found,) = (b for b in distribution(template)["CacheBehaviors"] if b["PathPattern"] == path)
    config: Json = found
    return config


def origin(template: Json, id_: str) -> Json:
    (found,) = (o for o in distribution(template)["Origins"] if o["Id"] == id_)
    config: Json = found
    return config


def referenced(template: Json, reference: Json) -> Json:
    properties: Json = template["Resources"][reference["Ref"]]["Properties"]
    return properties


def test_audio_requires_signed_requests(full: Json) -> None:
    audio = behavior(full, "/audio/*")
    assert audio["TrustedKeyGroups"] == ["key-group"]
    assert "TrustedSigners" not in audio
    assert audio["AllowedMethods"] == ["GET", "HEAD"]
    assert audio["ViewerProtocolPolicy"] == "https-only"


def test_audio_is_cached_for_one_year(full: Json) -> None:
    policy = referenced(full, behavior(full, "/audio/*")["CachePolicyId"])["CachePolicyConfig"]
    key = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    assert policy["DefaultTTL"] == policy["MaxTTL"] == 365 * 86400
    assert policy["MinTTL"] == 86400
    assert key["QueryStringsConfig"] == {"QueryStringBehavior": "none"}
    assert key["HeadersConfig"] == {"HeaderBehavior": "none"}
    assert key["CookiesConfig"] == {"CookieBehavior": "none"}


@pytest.mark.parametrize("path", ["/v1/*", "/auth/*"])
def test_origin_request_contains_viewer_address(full: Json, path: str) -> None:
    (association,) = behavior(full, path)["FunctionAssociations"]
    function = full["Resources"][association["FunctionARN"]["Fn::GetAtt"][0]]["Properties"]
    assert association["EventType"] == "viewer-request"
    assert "x-viewer-address" in function["FunctionCode"]


@pytest.mark.parametrize("path", ["/v1/*", "/auth/*"])
def test_api_is_not_cached(full: Json, path: str) -> None:
    api = behavior(full, path)
    assert api["CachePolicyId"] == CACHING_DISABLED
    assert set(api["AllowedMethods"]) == {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}
    assert api["ViewerProtocolPolicy"] == "https-only"
    request = referenced(full, api["OriginRequestPolicyId"])["OriginRequestPolicyConfig"]
    assert request["CookiesConfig"] == {"CookieBehavior": "all"}
    assert request["QueryStringsConfig"] == {"QueryStringBehavior": "all"}


def test_api_forwards_authorization_without_proxy_headers(full: Json) -> None:
    headers = referenced(full, behavior(full, "/v1/*")["OriginRequestPolicyId"])["OriginRequestPolicyConfig"]["HeadersConfig"]
    assert headers == {"HeaderBehavior": "allExcept", "Headers": list(FORGEABLE_HEADERS)}
    assert not {"host", "authorization"} & {header.lower() for header in FORGEABLE_HEADERS}
    assert len(FORGEABLE_HEADERS) <= 10, "CloudFront takes ten headers in an origin request policy"


def test_gateway_origin_uses_vpc_and_tls(full: Json) -> None:
    endpoint = one(full, "AWS::CloudFront::VpcOrigin")["VpcOriginEndpointConfig"]
    assert endpoint["Arn"] == LOAD_BALANCER
    assert endpoint["OriginProtocolPolicy"] == "https-only"
    assert endpoint["OriginSSLProtocols"] == ["TLSv1.2"]
    gateway = origin(full, behavior(full, "/v1/*")["TargetOriginId"])
    assert gateway["DomainName"] == "gateway.internal.music.example"
    assert "VpcOriginConfig" in gateway


def test_both_api_paths_share_one_origin(full: Json) -> None:
    assert behavior(full, "/v1/*")["TargetOriginId"] == behavior(full, "/auth/*")["TargetOriginId"]


def test_bucket_origins_use_origin_access_control(full: Json) -> None:
    assert one(full, "AWS::CloudFront::OriginAccessControl")["OriginAccessControlConfig"]["SigningBehavior"] == "always"
    for id_, name in (
        (behavior(full, "/audio/*")["TargetOriginId"], "audio.s3.sa-east-1.amazonaws.com"),
        (distribution(full)["DefaultCacheBehavior"]["TargetOriginId"], "web.s3.sa-east-1.amazonaws.com"),
    ):
        bucket = origin(full, id_)
        assert bucket["DomainName"] == name
        assert bucket["OriginAccessControlId"]
        assert bucket["S3OriginConfig"] == {"OriginAccessIdentity": ""}


def test_distribution_changes_no_bucket_policy(full: Json) -> None:
    assert "AWS::S3::BucketPolicy" not in {r["Type"] for r in full["Resources"].values()}


def test_distribution_defaults_to_all_edges(minimal: Json) -> None:
    """Price classes 100 and 200 have no edges in South America (CloudFront developer guide)."""
    assert distribution(minimal)["PriceClass"] == "PriceClass_All"


def test_viewers_use_tls_certificate_and_waf(full: Json) -> None:
    config = distribution(full)
    assert config["ViewerCertificate"] == {
        "AcmCertificateArn": CERTIFICATE,
        "MinimumProtocolVersion": "TLSv1.2_2025",
        "SslSupportMethod": "sni-only",
    }
    assert config["Aliases"] == ["music.example"]
    assert config["WebACLId"].endswith("webacl/example/0")
    assert config["HttpVersion"] == "http2and3"
    assert config["IPV6Enabled"] is True
    assert config["DefaultRootObject"] == "index.html"


def test_countries_are_restricted_where_they_are_named(full: Json, minimal: Json) -> None:
    assert distribution(full)["Restrictions"] == {"GeoRestriction": {"Locations": ["BR", "PT"], "RestrictionType": "whitelist"}}
    assert "Restrictions" not in distribution(minimal)


def test_distribution_without_domain_uses_http_gateway(minimal: Json) -> None:
    assert "Aliases" not in distribution(minimal)
    assert one(minimal, "AWS::CloudFront::VpcOrigin")["VpcOriginEndpointConfig"]["OriginProtocolPolicy"] == "http-only"
    assert origin(minimal, behavior(minimal, "/v1/*")["TargetOriginId"])["DomainName"] == "internal-gateway.example"


def test_api_errors_are_not_replaced(full: Json) -> None:
    assert not [answer for answer in distribution(full)["CustomErrorResponses"] if "ResponsePagePath" in answer]
    (association,) = distribution(full)["DefaultCacheBehavior"]["FunctionAssociations"]
    assert association["EventType"] == "viewer-request"


def test_distribution_caches_no_error(full: Json) -> None:
    answers = {answer["ErrorCode"]: answer["ErrorCachingMinTTL"] for answer in distribution(full)["CustomErrorResponses"]}
    assert {400, 403, 404, 500, 502, 503, 504} <= answers.keys()
    assert set(answers.values()) == {0}


def test_login_files_are_cached_without_cookies(full: Json) -> None:
    patterns = [part["PathPattern"] for part in distribution(full)["CacheBehaviors"]]
    assert patterns.index("/auth/resources/*") < patterns.index("/auth/*")
    files, api = behavior(full, "/auth/resources/*"), behavior(full, "/auth/*")
    assert files["TargetOriginId"] == api["TargetOriginId"]
    assert files["FunctionAssociations"] == api["FunctionAssociations"]
    assert (files["CachePolicyId"], files["Compress"]) == (CACHING_OPTIMIZED, True)
    request = referenced(full, files["OriginRequestPolicyId"])["OriginRequestPolicyConfig"]
    assert request["CookiesConfig"] == {"CookieBehavior": "none"}
    assert request["QueryStringsConfig"] == {"QueryStringBehavior": "none"}
    assert set(request["HeadersConfig"]["Headers"]) == {"X-Viewer-Address", "X-Request-ID"}


def test_signed_audio_may_be_embedded(full: Json) -> None:
    def embedding(part: Json) -> str:
        policy = referenced(full, part["ResponseHeadersPolicyId"])["ResponseHeadersPolicyConfig"]
        return str({h["Header"]: h["Value"] for h in policy["CustomHeadersConfig"]["Items"]}["Cross-Origin-Resource-Policy"])

    assert embedding(behavior(full, "/audio/*")) == "cross-origin"
    assert embedding(behavior(full, "/v1/*")) == embedding(distribution(full)["DefaultCacheBehavior"]) == "same-origin"


def test_distribution_behaviors_send_security_headers(full: Json) -> None:
    config = distribution(full)
    for part in (config["DefaultCacheBehavior"], *config["CacheBehaviors"]):
        security = referenced(full, part["ResponseHeadersPolicyId"])["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
        assert security.keys() == {
            "ContentSecurityPolicy",
            "ContentTypeOptions",
            "FrameOptions",
            "ReferrerPolicy",
            "StrictTransportSecurity",
        }


def player_directives(template: Json) -> list[str]:
    policy = referenced(template, distribution(template)["DefaultCacheBehavior"]["ResponseHeadersPolicyId"])["ResponseHeadersPolicyConfig"]
    shown: str = policy["SecurityHeadersConfig"]["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    return shown.split("; ")


def test_player_may_reach_uploads_bucket(full: Json, minimal: Json) -> None:
    assert "connect-src 'self' https://uploads.s3.sa-east-1.amazonaws.com" in player_directives(full)
    assert not any(directive.startswith("connect-src") for directive in player_directives(minimal))


def test_origin_latency_and_cache_hits_are_measured(full: Json) -> None:
    subscription = one(full, "AWS::CloudFront::MonitoringSubscription")["MonitoringSubscription"]
    assert subscription["RealtimeMetricsSubscriptionConfig"] == {"RealtimeMetricsSubscriptionStatus": "Enabled"}
