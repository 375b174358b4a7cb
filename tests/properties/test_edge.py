"""Promises: CloudFront."""

from spotmusic_cdk import versions
from tests.properties.balancers import certificates, is_for, listeners
from tests.properties.distributions import DISTRIBUTION, Behavior, every_behavior, origins, serving
from tests.properties.promise import Verdicts, promise
from tools.model.assembly import Assembly, Resource
from tools.model.values import at

CREDENTIALS = {"authorization", "cookie"}
VIEWERS_TLS = {"TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025"}
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
"""Managed cache policies: none, and by path with the headers of the origin (CloudFront developer
guide)."""
AUDIO, WEB, UPLOADS, LOGS = (f"data/{name}Bucket" for name in ("Audio", "Web", "Uploads", "Logs"))
FILES = "/auth/resources/*/*/*/*"
"""Files of login pages."""
ERRORS = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
"""Statuses with a cache time in CloudFront (CloudFront API reference, CustomErrorResponse)."""
TRACK = "/audio/ab/cd.flac"
KEY_HEADER = "x-amz-server-side-encryption-aws-kms-key-id"
DAY = 86_400


@promise
def test_p109_viewers_use_current_tls(platform: Assembly) -> Verdicts:
    """Viewers connect over HTTPS only, with the security policy TLSv1.2_2021 or later and the
    certificate of the domain.

    Kept by: `PlatformDistribution`, `EdgeCertificate`, `domain`
    """
    for distribution in platform.some(DISTRIBUTION):
        shown = distribution["DistributionConfig.ViewerCertificate"] or {}
        subject = f"{distribution.name} certificate"
        certificate = distribution.target("DistributionConfig.ViewerCertificate.AcmCertificateArn")
        domain = platform.settings.domain
        given = domain.edge_certificate if domain else None
        brought = bool(given) and shown.get("AcmCertificateArn") == given
        names = distribution["DistributionConfig.Aliases"] or []
        ours = (
            certificate is not None
            and certificate.stack == distribution.stack
            and [certificate["DomainName"]] == names
        )
        yield subject, brought or ours, "Show a certificate of the domain: set domain."
        holds = shown.get("MinimumProtocolVersion") in VIEWERS_TLS
        yield subject, holds, f"Use one of the security policies {', '.join(sorted(VIEWERS_TLS))}."
        yield subject, shown.get("SslSupportMethod") == "sni-only", "Use SNI."
    for behavior in every_behavior(platform):
        encrypted = behavior["ViewerProtocolPolicy"] in ("https-only", "redirect-to-https")
        yield str(behavior), encrypted, "Allow HTTPS only, or redirect to HTTPS."


@promise
def test_p110_origins_are_private_and_reached_over_tls(platform: Assembly) -> Verdicts:
    """CloudFront has two kinds of origin: buckets, read with signed requests, and one internal load
    balancer, reached over TLS through a VPC origin with a name of its certificate. The load
    balancer accepts connections from CloudFront only.

    Kept by: [`origins.py`](../constructs/spotmusic_constructs/edge/origins.py), [ADR
    4](adr/0004-vpc-origin-source.md)
    """
    settings = platform.settings
    prefix_list = (
        settings.edge.origin_prefix_list or versions.CLOUDFRONT_ORIGIN_PREFIX_LISTS[settings.region]
    )
    for distribution in platform.some(DISTRIBUTION):
        for origin in origins(distribution):
            private = bool(origin.bucket or origin.vpc_origin) and not origin.is_custom
            yield (
                str(origin),
                private,
                "Reach it as a bucket with signed requests, or through a VPC origin.",
            )
    for vpc_origin in platform.some("AWS::CloudFront::VpcOrigin"):
        endpoint = vpc_origin["VpcOriginEndpointConfig"]
        encrypted = (
            endpoint["OriginProtocolPolicy"] == "https-only"
            and endpoint.get("HTTPSPort", 443) == 443
        )
        yield vpc_origin, encrypted, "Reach it over HTTPS only: set domain."
        yield (
            f"{vpc_origin.name} versions",
            endpoint.get("OriginSSLProtocols") == ["TLSv1.2"],
            "Speak TLS 1.2, the newest of VPC origins.",
        )
        balancer = vpc_origin.target("VpcOriginEndpointConfig.Arn")
        internal = balancer is not None and balancer["Scheme"] == "internal"
        yield (
            f"{vpc_origin.name} load balancer",
            internal,
            "Use an internal load balancer of ours as origin.",
        )
        groups = balancer.targets("SecurityGroups") if balancer else []
        rules = [
            rule
            for rule in platform.some("AWS::EC2::SecurityGroupIngress")
            if rule.target("GroupId") in groups
        ]
        yield f"{vpc_origin.name} rules", len(rules) == 1, "Allow CloudFront only."
        for rule in rules:
            yield (
                f"{rule.name} source",
                rule["SourcePrefixListId"] == prefix_list,
                "Name CloudFront's prefix list of this region.",
            )
            yield (
                rule,
                (rule["FromPort"], rule["ToPort"]) == (443, 443),
                "Let CloudFront in on 443: set domain.",
            )
        yield from named_by_its_certificate(platform, vpc_origin, balancer)


def named_by_its_certificate(
    platform: Assembly, vpc_origin: Resource, balancer: Resource | None
) -> Verdicts:
    """CloudFront rejects an origin if its certificate does not cover the origin's domain name."""
    shown = [
        certificate
        for listener in (listeners(balancer) if balancer else [])
        for certificate in certificates(listener)
    ]
    for distribution in platform.some(DISTRIBUTION):
        for origin in (
            origin for origin in origins(distribution) if origin.vpc_origin is vpc_origin
        ):
            fits = any(is_for(certificate, origin.domain_name) for certificate in shown)
            yield (
                f"{vpc_origin.name} certificate",
                fits,
                f"No certificate of its listener covers {origin.domain_name}. Add one.",
            )


@promise
def test_p111_audio_requires_replaceable_signing_key(platform: Assembly) -> Verdicts:
    """Audio requires a signed URL or signed cookies. At least two public keys are trusted so that
    one can be replaced, and the signature is not part of the cache key.

    Kept by: `SigningKeyGroup`, [signing keys](runbooks/rotate-signing-keys.md)
    """
    served = [serving(distribution, TRACK) for distribution in platform.some(DISTRIBUTION)]
    for behavior in served:
        yield (
            str(behavior),
            behavior.origin.bucket == AUDIO,
            f"{TRACK} has another origin. Correct the order of the behaviors.",
        )
    for behavior in (b for b in every_behavior(platform) if b.origin.bucket == AUDIO):
        groups = behavior.distribution.targets(f"{behavior.place}.TrustedKeyGroups")
        yield (
            str(behavior),
            bool(groups) and not behavior["TrustedSigners"],
            "Trust key groups, not accounts.",
        )
        for group in groups:
            keys = group.targets("KeyGroupConfig.Items")
            halves = {key.text("PublicKeyConfig.EncodedKey") for key in keys}
            yield (
                group,
                len(halves) == len(keys) >= 2,
                "Trust at least two different keys: a single key cannot be replaced.",
            )
        yield (
            str(behavior),
            set(behavior["AllowedMethods"] or ["GET", "HEAD"]) == {"GET", "HEAD"},
            "Allow only GET and HEAD.",
        )
        yield (
            str(behavior),
            not shared(behavior),
            "Exclude signatures from the cache key and from requests to the bucket.",
        )


def shared(behavior: Behavior) -> bool:
    """Return true if any part of a request except its path is in the cache key or reaches the
    origin.
    """
    key = behavior.policy("Cache").get("ParametersInCacheKeyAndForwardedToOrigin", {})
    parts = [
        at(key, path)
        for path in (
            "QueryStringsConfig.QueryStringBehavior",
            "CookiesConfig.CookieBehavior",
            "HeadersConfig.HeaderBehavior",
        )
    ]
    return parts != ["none"] * 3 or behavior["OriginRequestPolicyId"] is not None


@promise
def test_p112_responses_have_security_headers(platform: Assembly) -> Verdicts:
    """Responses set security headers: browsers stay on HTTPS, do not guess content types, allow no
    framing, send no paths in referrers and load from our origin only. They do not name the key of a
    bucket. Pages can connect to the uploads bucket where it accepts their origin.

    Kept by: [`security_headers.py`](../constructs/spotmusic_constructs/edge/security_headers.py)
    """
    for behavior in every_behavior(platform):
        said = behavior.policy("ResponseHeaders").get("SecurityHeadersConfig", {})
        transport = said.get("StrictTransportSecurity", {})
        lasting = (transport.get("AccessControlMaxAgeSec") or 0) >= 365 * DAY and transport.get(
            "Override"
        ) is True
        yield str(behavior), lasting, "Keep browsers on HTTPS for a year or more."
        asked = (
            bool(transport.get("IncludeSubdomains"))
            is platform.settings.edge.hsts_include_subdomains
        )
        yield str(behavior), asked, "Include subdomains if, and only if, the environment file does."
        yield str(behavior), at(said, "ContentTypeOptions.Override") is True, "Send nosniff."
        yield (
            str(behavior),
            at(said, "FrameOptions.FrameOption") in ("DENY", "SAMEORIGIN"),
            "Forbid framing by other sites.",
        )
        referrer = at(said, "ReferrerPolicy.ReferrerPolicy") in (
            "no-referrer",
            "same-origin",
            "strict-origin",
            "strict-origin-when-cross-origin",
        )
        yield str(behavior), referrer, "Set a Referrer-Policy that sends no paths to other sites."
        policy = directives(platform, at(said, "ContentSecurityPolicy.ContentSecurityPolicy"))
        framed = policy.get("frame-ancestors") in (["'self'"], ["'none'"])
        yield (
            str(behavior),
            framed and policy.get("default-src") in (["'self'"], ["'none'"]),
            "Send a content security policy.",
        )
        scripts = set(policy.get("script-src", [])) <= {"'self'"}
        yield str(behavior), scripts, "Let scripts come from the player's own files only."
        # An origin may send a policy that fits its pages better. Objects of a bucket have none.
        decided = (
            bool(behavior.origin.vpc_origin) or at(said, "ContentSecurityPolicy.Override") is True
        )
        yield (
            str(behavior),
            decided,
            "Set override: an object of a bucket must not replace this header.",
        )
        removed = at(behavior.policy("ResponseHeaders"), "RemoveHeadersConfig.Items") or []
        yield (
            f"{behavior} key",
            KEY_HEADER in {item["Header"].lower() for item in removed},
            f"Remove {KEY_HEADER}, the ARN of the key of a bucket.",
        )
    yield from uploads_of_pages(platform)


def directives(platform: Assembly, policy: object) -> dict[str, list[str]]:
    parts = (part.split() for part in platform.text("edge", policy or "").split(";"))
    return {part[0]: part[1:] for part in parts if part}


def uploads_of_pages(platform: Assembly) -> Verdicts:
    """Each page can connect to the uploads bucket if and only if the bucket allows the page's
    origin.
    """
    (uploads,) = (bucket for bucket in platform.some("AWS::S3::Bucket") if bucket.name == UPLOADS)
    admitted = {
        origin
        for rule in uploads["CorsConfiguration.CorsRules"] or []
        for origin in rule["AllowedOrigins"]
    }
    for distribution in platform.some(DISTRIBUTION):
        page = serving(distribution, "/index.html")
        said = at(
            page.policy("ResponseHeaders"),
            "SecurityHeadersConfig.ContentSecurityPolicy.ContentSecurityPolicy",
        )
        reached = set(directives(platform, said).get("connect-src", ["'self'"]))
        may = admitted & {
            f"https://{name}" for name in distribution["DistributionConfig.Aliases"] or []
        }
        wanted = {
            "'self'",
            *([f"https://${{data/{uploads.id}.RegionalDomainName}}"] if may else []),
        }
        yield (
            f"{page} uploads",
            reached == wanted,
            (
                f"Pages may connect to {sorted(reached)}, but the bucket allows {sorted(may)}. "
                "Use the same origins."
            ),
        )


@promise
def test_p113_edge_logs_omit_credentials(platform: Assembly) -> Verdicts:
    """Access logs of CloudFront are stored in the home region, without query strings, cookies and
    referrers.

    Kept by: `AccessLogDelivery` (standard logging v2)
    """
    for distribution in platform.some(DISTRIBUTION):
        sources = [
            s
            for s in platform.users_of(distribution, "AWS::Logs::DeliverySource")
            if s["LogType"] == "ACCESS_LOGS"
        ]
        deliveries = [
            d
            for d in platform.some("AWS::Logs::Delivery")
            if d.target("DeliverySourceName") in sources
        ]
        yield (
            distribution,
            len(sources) == 1 and len(deliveries) == 1,
            "Deliver its access logs (standard logging v2).",
        )
        for delivery in deliveries:
            destination = delivery.target("DeliveryDestinationArn")
            bucket = destination.target("DestinationResourceArn") if destination else None
            yield (
                delivery,
                bucket is not None and bucket.name == LOGS,
                "Deliver to the log bucket of the home region.",
            )
            fields = set(delivery["RecordFields"] or [])
            recorded = fields >= {
                "date",
                "time",
                "c-ip",
                "cs-method",
                "cs-uri-stem",
                "sc-status",
                "x-edge-request-id",
            }
            yield delivery, recorded, "Log time, viewer, request and response."
            private = {"cs-uri-query", "cs(Cookie)", "cs(Referer)"} & fields
            yield (
                delivery,
                bool(fields) and not private,
                f"Remove fields with signatures, codes or tokens: {', '.join(sorted(private))}.",
            )
    excused = [
        reason
        for _, finding, reason in platform.acknowledged
        if finding == "AwsSolutions::AwsSolutions-CFR3"
    ]
    holds = len(excused) == len(platform.some(DISTRIBUTION))
    yield (
        "AwsSolutions-CFR3",
        holds,
        "Acknowledge the rule with a reason: it knows legacy access logs only.",
    )


@promise
def test_p114_api_is_uncached_audio_is_cached(platform: Assembly) -> Verdicts:
    """CloudFront caches no API response and no error, and caches tracks for at least a day. It
    sends the viewer's address to the gateway. Credentials are not part of any cache key. Origin
    Shield, where it is on, caches audio only.

    Kept by: `PlatformDistribution`, `edge.origin_shield`
    """
    for distribution in platform.some(DISTRIBUTION):
        for path in [
            *(
                f"{service.route}/x"
                for service in platform.settings.services.values()
                if service.route
            ),
            "/auth/realms/x",
        ]:
            served = serving(distribution, path)
            yield (
                f"{distribution.name} {path}",
                served.origin.vpc_origin is not None,
                "Route the path to the gateway.",
            )
    for behavior in every_behavior(platform):
        cache = behavior.policy("Cache")
        if behavior.pattern == FILES:
            yield from cached_files(behavior)
        elif behavior.origin.vpc_origin:
            yield (
                str(behavior),
                behavior["CachePolicyId"] == CACHING_DISABLED,
                "Disable caching: an API response may be personal.",
            )
            yield (
                str(behavior),
                {"authorization", "host"} <= forwarded(behavior),
                "Forward Authorization and Host to the gateway.",
            )
            holds = sends_the_address(behavior)
            yield (
                f"{behavior} address",
                holds,
                "Forward the viewer's address to the gateway: it limits requests per address.",
            )
        elif behavior.origin.bucket == AUDIO:
            least, usual = cache.get("MinTTL") or 0, cache.get("DefaultTTL") or 0
            holds = least >= DAY and usual >= 30 * DAY
            yield (
                str(behavior),
                holds,
                "Set a minimum TTL of a day and a default of 30 days: tracks never change.",
            )
        else:
            holds = behavior["CachePolicyId"] == CACHING_OPTIMIZED
            yield (
                str(behavior),
                holds,
                "Cache the player's files by path, by their Cache-Control headers.",
            )
    yield from shielded_audio(platform)
    yield from uncached_errors(platform)
    for policy in platform.some("AWS::CloudFront::CachePolicy"):
        headers = (
            policy[
                "CachePolicyConfig.ParametersInCacheKeyAndForwardedToOrigin.HeadersConfig.Headers"
            ]
            or []
        )
        yield (
            policy,
            not CREDENTIALS & {header.lower() for header in headers},
            "Exclude credentials from the cache key.",
        )


def shielded_audio(platform: Assembly) -> Verdicts:
    for origin in (
        origin for distribution in platform.some(DISTRIBUTION) for origin in origins(distribution)
    ):
        shield = origin.distribution[f"{origin.place}.OriginShield.OriginShieldRegion"]
        wanted = platform.settings.edge.origin_shield if origin.bucket == AUDIO else None
        yield (
            f"{origin} shield",
            shield == wanted,
            f"Its shield is in {shield}, and the file says {wanted}.",
        )


def cached_files(behavior: Behavior) -> Verdicts:
    """Files of login pages depend only on their path, so that viewers can share them."""
    yield (
        str(behavior),
        behavior["CachePolicyId"] == CACHING_OPTIMIZED,
        "Cache and compress these files: their path contains a hash.",
    )
    asked = behavior.policy("OriginRequest")
    alone = {
        at(asked, f"{kind}Config.{name}Behavior")
        for kind, name in (("Cookies", "Cookie"), ("QueryStrings", "QueryString"))
    }
    yield (
        str(behavior),
        alone == {"none"},
        "Forward no cookies and no queries: the response is shared by all viewers.",
    )
    named = set(at(asked, "HeadersConfig.Headers") or [])
    listed = at(asked, "HeadersConfig.HeaderBehavior") == "whitelist" and named == {
        "X-Viewer-Address",
        "X-Request-ID",
    }
    yield str(behavior), listed, "Forward only the viewer's address and the request id."
    yield (
        f"{behavior} address",
        sends_the_address(behavior),
        "Forward the viewer's address to the gateway: it limits requests per address.",
    )


def uncached_errors(platform: Assembly) -> Verdicts:
    """Errors are not cached, and no error page replaces them."""
    for distribution in platform.some(DISTRIBUTION):
        answered = distribution["DistributionConfig.CustomErrorResponses"] or []
        waits = {answer["ErrorCode"]: answer.get("ErrorCachingMinTTL") for answer in answered}
        holds = all(waits.get(status) == 0 for status in ERRORS)
        yield (
            distribution,
            holds,
            "Set the minimum TTL of errors to 0: an error concerns one listener for a short time.",
        )
        pages = [answer for answer in answered if "ResponsePagePath" in answer]
        yield (
            distribution,
            not pages,
            "Remove the error page: it would replace errors of the API too.",
        )


def sends_the_address(behavior: Behavior) -> bool:
    """Return true if CloudFront sends the viewer's address to the gateway, and not a header from
    the viewer.
    """
    associations = behavior["FunctionAssociations"] or []
    asked = [
        behavior.target(f"FunctionAssociations.{n}.FunctionARN")
        for n, a in enumerate(associations)
        if a["EventType"] == "viewer-request"
    ]
    return any(
        "['x-viewer-address'] = { value: event.viewer.ip }" in str(function["FunctionCode"])
        for function in asked
        if function
    )


def forwarded(behavior: Behavior) -> set[str]:
    """Headers with a meaning that reach the origin."""
    headers = behavior.policy("OriginRequest").get("HeadersConfig", {})
    named = {header.lower() for header in headers.get("Headers", [])}
    matter = {"authorization", "host"}
    match headers.get("HeaderBehavior"):
        case "allViewer" | "allViewerAndWhitelistCloudFront":
            return matter
        case "allExcept":
            return matter - named
        case _:
            # A list that names Authorization is refused by CloudFront.
            return matter & named - {"authorization"}


@promise
def test_p117_player_page_and_countries_are_decided(platform: Assembly) -> Verdicts:
    """The player has a default page and a domain name, and the environment file decides the
    countries that CloudFront serves. Origin failover is moot: no bucket has a replica.

    Kept by: `edge.allowed_countries`, acknowledgement of AwsSolutions-CFR1
    """
    served = platform.settings.edge.allowed_countries
    for distribution in platform.some(DISTRIBUTION):
        page = distribution["DistributionConfig.DefaultRootObject"]
        yield (
            distribution,
            page == "index.html" and serving(distribution, f"/{page}").origin.bucket == WEB,
            "Set the default root object.",
        )
        for name in distribution["DistributionConfig.Aliases"] or []:
            lead = {
                r["Type"]
                for r in platform.all("AWS::Route53::RecordSet")
                if r["Name"] == f"{name}." and leads_to(r, distribution)
            }
            yield (
                f"{distribution.name} {name}",
                lead == {"A", "AAAA"},
                "Add alias records for IPv4 and IPv6.",
            )
        restriction = distribution["DistributionConfig.Restrictions.GeoRestriction"] or {
            "RestrictionType": "none"
        }
        if served:
            named = restriction == {"RestrictionType": "whitelist", "Locations": list(served)}
            yield distribution, named, "Serve the countries that the environment file names."
        else:
            reasons = [
                reason
                for _, finding, reason in platform.acknowledged
                if finding == "AwsSolutions::AwsSolutions-CFR1"
            ]
            yield (
                distribution,
                restriction == {"RestrictionType": "none"} and bool(reasons),
                "State the reason for serving every country.",
            )
        replicas = [
            b
            for b in platform.some("AWS::S3::Bucket")
            if b.name in (AUDIO, WEB) and b["ReplicationConfiguration"]
        ]
        groups = at(distribution["DistributionConfig.OriginGroups"], "Items") or []
        yield (
            distribution,
            len(groups) >= len(replicas),
            "Add an origin group that fails over to the replica.",
        )


def leads_to(record: Resource, distribution: Resource) -> bool:
    return record.target("AliasTarget.DNSName") is distribution
