"""CloudFront distribution for the web player, the audio library and the API."""

from collections.abc import Sequence
from pathlib import Path

from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_s3 as s3
from constructs import Construct

from spotmusic_constructs import durations
from spotmusic_constructs.acknowledge import acknowledge
from spotmusic_constructs.edge.origins import bucket_origin, vpc_origin
from spotmusic_constructs.edge.security_headers import NO_CONTENT, SecurityHeaders, player_policy

FORGEABLE_HEADERS = (
    "Forwarded",
    "X-Forwarded-Host",
    "X-Forwarded-Path",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Server",
    "X-Original-Host",
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-HTTP-Method-Override",
)
"""Headers that only the platform's proxies may set. CloudFront removes viewers' values, which the
gateway would trust. A policy has at most ten; the gateway removes the identity headers."""
ERRORS = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
"""Statuses that CloudFront caches for ten seconds by default; `no-store` prevents this only for
404, 414 and 501. The cache key of uncached behaviors is the path (CloudFront developer guide, how
long errors are cached): one listener's error would be served to all."""


class PlatformDistribution(Construct):
    """CloudFront distribution for the web player, signed audio and an API.

    Creates the distribution, its VPC origin, origin access control, functions, and cache, origin
    request and headers policies.

    - Default: the web player from its bucket. Paths without a file extension return its page.
    - `/audio/*`: objects of the audio bucket under the same key, which require a signature of the
      key group. Tracks never change under their key, so they are cached for a year; the cache key
      excludes the signature.
    - Files of login pages (`file_paths`): from the load balancer of the API, cached by path and
      compressed, without cookies. The path contains a hash of the release. Shorter paths below
      /auth/resources are texts of the account console, which change and name no `Cache-Control`.
    - API paths: the internal load balancer through a VPC origin, uncached. CloudFront forwards the
      viewer's Host, because Keycloak's issuer, redirects and cookies use the public name. It
      accepts the origin's certificate if it matches the origin's domain name (CloudFront developer
      guide, requirements for HTTPS with custom origins). The header X-Viewer-Address contains the
      viewer's IP address, which viewers cannot set, and X-Request-ID the id of the request in
      CloudFront's access log.

    Errors are neither cached nor replaced by pages. The bucket policies, in the buckets' stack,
    allow the account's distributions; this construct does not change them.

    Args:
        audio: bucket of the audio library, a reference with its region.
        web: bucket of the web player, a reference with its region.
        gateway: internal load balancer of the API.
        gateway_domain_name: name on the load balancer's certificate. Default: HTTP.
        uploads: bucket for uploads from the web player, by signed URLs of its region. Default: no
            uploads.
        api_paths: path patterns that the load balancer serves.
        file_paths: path patterns below an API path with immutable files, which are cached.
        signing_keys: keys that verify audio URLs.
        web_acl_arn: web ACL of scope CLOUDFRONT.
        domain_name: public domain name. Default: CloudFront's.
        certificate: certificate of that name, from us-east-1.
        allowed_countries: ISO 3166 codes of the allowed countries. Default: all.
        price_class: CloudFront price class. Classes 100 and 200 have no edges in South America,
            Australia and New Zealand.
        audio_shield_region: region of Origin Shield, in front of the bucket of the audio library:
            all edges fetch a track through its cache, and concurrent requests for it become one.
            Default: none.
        hsts_subdomains: whether HSTS includes subdomains.

    Example:
        PlatformDistribution(self, "Distribution", audio=audio.bucket, web=web.bucket,
                             gateway=gateway.load_balancer, signing_keys=signing_keys,
                             web_acl_arn=acl.arn)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        audio: s3.IBucket,
        web: s3.IBucket,
        gateway: elbv2.IApplicationLoadBalancer,
        signing_keys: cloudfront.IKeyGroup,
        web_acl_arn: str,
        uploads: s3.IBucket | None = None,
        api_paths: Sequence[str] = ("/v1/*", "/auth/*"),
        file_paths: Sequence[str] = ("/auth/resources/*/*/*/*",),
        gateway_domain_name: str | None = None,
        domain_name: str | None = None,
        certificate: acm.ICertificate | None = None,
        allowed_countries: Sequence[str] = (),
        price_class: cloudfront.PriceClass = cloudfront.PriceClass.PRICE_CLASS_ALL,
        audio_shield_region: str | None = None,
        hsts_subdomains: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        gateway_origin = vpc_origin(self, gateway, gateway_domain_name)
        viewer_address = self._on_viewer_request(
            "ViewerAddress",
            "viewer_address.js",
            "Sends the viewer's address and the request's id to the gateway",
        )
        api = self._api(gateway_origin, viewer_address, hsts_subdomains)
        access = cloudfront.S3OriginAccessControl(
            self, "OriginAccess", description="Signs every request to the buckets"
        )

        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            default_behavior=self._web_player(bucket_origin(web, access), uploads, hsts_subdomains),
            additional_behaviors={
                "/audio/*": self._audio(
                    bucket_origin(audio, access, shield_region=audio_shield_region),
                    signing_keys,
                    hsts_subdomains,
                ),
                # CloudFront uses the first matching pattern.
                **dict.fromkeys(file_paths, self._files(gateway_origin, api)),
                **dict.fromkeys(api_paths, api),
            },
            error_responses=[
                cloudfront.ErrorResponse(http_status=status, ttl=durations.seconds(0))
                for status in ERRORS
            ],
            default_root_object="index.html",
            domain_names=[domain_name] if domain_name else None,
            certificate=certificate,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2025
            if certificate
            else None,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            enable_ipv6=True,
            price_class=price_class,
            geo_restriction=cloudfront.GeoRestriction.allowlist(*allowed_countries)
            if allowed_countries
            else None,
            web_acl_id=web_acl_arn,
            publish_additional_metrics=True,
            comment="Web player, audio library and API",
        )
        _acknowledge(
            self.distribution,
            has_certificate=certificate is not None,
            everywhere=not allowed_countries,
        )

    def _web_player(
        self, origin: cloudfront.IOrigin, uploads: s3.IBucket | None, hsts_subdomains: bool
    ) -> cloudfront.BehaviorOptions:
        allowed = player_policy(uploads=uploads.bucket_regional_domain_name if uploads else None)
        return cloudfront.BehaviorOptions(
            origin=origin,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            response_headers_policy=SecurityHeaders(
                self,
                "PlayerHeaders",
                content_security_policy=allowed,
                include_subdomains=hsts_subdomains,
            ).policy,
            function_associations=[
                self._on_viewer_request(
                    "SinglePageRouting",
                    "single_page_routing.js",
                    "Returns the page of the web player for its addresses",
                )
            ],
        )

    def _audio(
        self, origin: cloudfront.IOrigin, signing_keys: cloudfront.IKeyGroup, hsts_subdomains: bool
    ) -> cloudfront.BehaviorOptions:
        immutable = cloudfront.CachePolicy(
            self,
            "Immutable",
            comment="A year, by path alone",
            min_ttl=durations.days(1),
            default_ttl=durations.days(365),
            max_ttl=durations.days(365),
            query_string_behavior=cloudfront.CacheQueryStringBehavior.none(),
            header_behavior=cloudfront.CacheHeaderBehavior.none(),
            cookie_behavior=cloudfront.CacheCookieBehavior.none(),
        )
        return cloudfront.BehaviorOptions(
            origin=origin,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
            # A redirect would expose the signature in plain text.
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            cache_policy=immutable,
            compress=False,
            trusted_key_groups=[signing_keys],
            # Any device may play a signed URL, such as a television, a Cast receiver or a local
            # app, but not read it (no CORS).
            response_headers_policy=SecurityHeaders(
                self,
                "AudioHeaders",
                content_security_policy=NO_CONTENT,
                include_subdomains=hsts_subdomains,
                resource_policy="cross-origin",
            ).policy,
        )

    def _api(
        self,
        origin: cloudfront.IOrigin,
        viewer_address: cloudfront.FunctionAssociation,
        hsts_subdomains: bool,
    ) -> cloudfront.BehaviorOptions:
        viewer = cloudfront.OriginRequestPolicy(
            self,
            "ViewerRequest",
            comment="Request of the viewer, without headers that only proxies may set",
            header_behavior=cloudfront.OriginRequestHeaderBehavior.deny_list(*FORGEABLE_HEADERS),
            query_string_behavior=cloudfront.OriginRequestQueryStringBehavior.all(),
            cookie_behavior=cloudfront.OriginRequestCookieBehavior.all(),
        )
        headers = SecurityHeaders(
            self,
            "ApiHeaders",
            content_security_policy=NO_CONTENT,
            include_subdomains=hsts_subdomains,
            origin_decides=True,
        )
        return cloudfront.BehaviorOptions(
            origin=origin,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
            # A redirect would expose the token in plain text.
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
            origin_request_policy=viewer,
            response_headers_policy=headers.policy,
            # CloudFront compresses only cacheable responses; the gateway compresses API responses.
            compress=False,
            function_associations=[viewer_address],
        )

    def _files(
        self, origin: cloudfront.IOrigin, api: cloudfront.BehaviorOptions
    ) -> cloudfront.BehaviorOptions:
        """Cache behavior without cookies and queries, because its responses are shared."""
        return cloudfront.BehaviorOptions(
            origin=origin,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            origin_request_policy=cloudfront.OriginRequestPolicy(
                self,
                "FileRequest",
                comment="Address of the viewer and id of the request",
                header_behavior=cloudfront.OriginRequestHeaderBehavior.allow_list(
                    "X-Viewer-Address", "X-Request-ID"
                ),
                query_string_behavior=cloudfront.OriginRequestQueryStringBehavior.none(),
                cookie_behavior=cloudfront.OriginRequestCookieBehavior.none(),
            ),
            response_headers_policy=api.response_headers_policy,
            function_associations=api.function_associations,
        )

    def _on_viewer_request(
        self, construct_id: str, file: str, comment: str
    ) -> cloudfront.FunctionAssociation:
        function = cloudfront.Function(
            self,
            construct_id,
            code=cloudfront.FunctionCode.from_file(file_path=str(Path(__file__).with_name(file))),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
            comment=comment,
        )
        return cloudfront.FunctionAssociation(
            function=function, event_type=cloudfront.FunctionEventType.VIEWER_REQUEST
        )


def _acknowledge(
    distribution: cloudfront.Distribution, *, has_certificate: bool, everywhere: bool
) -> None:
    findings = {
        "AwsSolutions::AwsSolutions-CFR3": (
            "Standard logging v2 delivers the access logs; this rule does not know its resources."
        ),
    }
    if not has_certificate:
        findings["AwsSolutions::AwsSolutions-CFR4"] = (
            "An environment without a domain has CloudFront's own certificate, "
            "and AWS fixes its protocol versions."
        )
    if everywhere:
        findings["AwsSolutions::AwsSolutions-CFR1"] = (
            "Listeners travel and the catalogue has no territory of its own; "
            "allowed_countries of the environment file restricts it."
        )
    acknowledge(distribution, findings)
