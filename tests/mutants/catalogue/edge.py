"""Faults of CloudFront and its web ACL."""

from tests.mutants.changes import both, drop, gone, put, reads
from tests.mutants.fault import Fault

DISTRIBUTION, ACL, LOGGING = "edge/Distribution", "edge/WebAcl", "edge/WebAclLogging"
CONFIG = ("DistributionConfig",)
AUDIO = (*CONFIG, "CacheBehaviors", {"PathPattern": "/audio/*"})
API = (*CONFIG, "CacheBehaviors", {"PathPattern": "/v1/*"})
RULES = ("BlockedPaths", "IpReputation", "RequestRate", "LoginRate", "BodySize", "Common", "Loopback", "KnownBadInputs", "SqlInjection")
HEADERS = ("ResponseHeadersPolicyConfig", "SecurityHeadersConfig")

FAULTS = (
    Fault("distribution without web ACL", DISTRIBUTION, drop(*CONFIG, "WebACLId"), "Attacks and floods reach the platform."),
    *(Fault(f"web ACL without rule {rule}", ACL, drop("Rules", {"Name": rule}), f"What {rule} refuses comes through.") for rule in RULES),
    Fault(
        "web ACL that counts renewed tokens as logins",
        ACL,
        reads("/auth/realms/spotmusic/login-actions", "/auth/"),
        "A mobile network is locked out every evening.",
    ),
    Fault(
        "web ACL that only counts",
        ACL,
        put("Rules", {"Name": "Common"}, "OverrideAction", to={"Count": {}}),
        "Attacks are counted, and let in.",
    ),
    Fault(
        "web ACL with two rules of one priority", ACL, put("Rules", {"Name": "Common"}, "Priority", to=1), "The deployment fails halfway."
    ),
    Fault(
        "web ACL rule without metrics",
        ACL,
        put("Rules", 0, "VisibilityConfig", "CloudWatchMetricsEnabled", to=False),
        "Nobody sees an attack.",
    ),
    Fault("web ACL log gone", LOGGING, gone, "Nobody knows who was refused, or why."),
    Fault("web ACL log with tokens", LOGGING, drop("RedactedFields"), "Whoever reads logs logs in as a listener."),
    Fault(
        "viewers with TLS of yesterday",
        DISTRIBUTION,
        put(*CONFIG, "ViewerCertificate", "MinimumProtocolVersion", to="TLSv1"),
        "Connections can be downgraded.",
    ),
    Fault(
        "viewers with CloudFront's certificate",
        DISTRIBUTION,
        put(*CONFIG, "ViewerCertificate", to={"CloudFrontDefaultCertificate": True}),
        "TLS 1.0 is taken again.",
    ),
    Fault("audio in clear", DISTRIBUTION, put(*AUDIO, "ViewerProtocolPolicy", to="allow-all"), "Signatures can be read on the wire."),
    Fault("API in clear", DISTRIBUTION, put(*API, "ViewerProtocolPolicy", to="allow-all"), "Tokens can be read on the wire."),
    Fault("audio without key group", DISTRIBUTION, drop(*AUDIO, "TrustedKeyGroups"), "Everybody hears everything without an account."),
    Fault(
        "audio with trusted signers", DISTRIBUTION, put(*AUDIO, "TrustedSigners", to=["self"]), "Root's keys sign, which nobody rotates."
    ),
    Fault(
        "audio that can be written",
        DISTRIBUTION,
        put(*AUDIO, "AllowedMethods", to=["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]),
        "A signed request replaces a track.",
    ),
    Fault(
        "audio cached by signature",
        "edge/DistributionImmutable",
        put("CachePolicyConfig", "ParametersInCacheKeyAndForwardedToOrigin", "QueryStringsConfig", "QueryStringBehavior", to="all"),
        "Nothing is ever found in the cache, and S3 pays.",
    ),
    Fault("audio cached for a minute", "edge/DistributionImmutable", put("CachePolicyConfig", "DefaultTTL", to=60), "The same."),
    Fault(
        "API cached",
        DISTRIBUTION,
        put(*API, "CachePolicyId", to="658327ea-f89d-4fab-a63d-7e88639e58f6"),
        "One listener sees the answers of another.",
    ),
    Fault(
        "errors cached",
        DISTRIBUTION,
        put(*CONFIG, "CustomErrorResponses", {"ErrorCode": 404}, "ErrorCachingMinTTL", to=10),
        "A search without result empties everybody's searches.",
    ),
    Fault(
        "errors as a page",
        DISTRIBUTION,
        put(*CONFIG, "CustomErrorResponses", {"ErrorCode": 403}, "ResponsePagePath", to="/index.html"),
        "An app reads HTML where it asked the API.",
    ),
    Fault("API without Authorization", DISTRIBUTION, drop(*API, "OriginRequestPolicyId"), "No token reaches the gateway."),
    Fault(
        "API without the viewer's address", DISTRIBUTION, drop(*API, "FunctionAssociations"), "Rate limits count whatever a client claims."
    ),
    Fault(
        "origin in clear",
        "edge/DistributionOrigin3VpcOrigin",
        put("VpcOriginEndpointConfig", "OriginProtocolPolicy", to="http-only"),
        "Tokens travel in clear to the gateway.",
    ),
    Fault(
        "origin in the Internet",
        DISTRIBUTION,
        both(
            drop(*CONFIG, "Origins", 2, "VpcOriginConfig"),
            put(*CONFIG, "Origins", 2, "CustomOriginConfig", to={"OriginProtocolPolicy": "https-only"}),
        ),
        "The gateway needs a public address.",
    ),
    Fault(
        "origin without access control",
        DISTRIBUTION,
        drop(*CONFIG, "Origins", 1, "OriginAccessControlId"),
        "CloudFront reads nothing, or the bucket is opened.",
    ),
    *(
        Fault(
            f"pages without {header}",
            "edge/DistributionPlayerHeadersPolicy",
            drop(*HEADERS, header),
            "A page of ours can be misused by another.",
        )
        for header in ("StrictTransportSecurity", "ContentTypeOptions", "FrameOptions", "ContentSecurityPolicy", "ReferrerPolicy")
    ),
    Fault(
        "pages without headers",
        DISTRIBUTION,
        drop(*CONFIG, "DefaultCacheBehavior", "ResponseHeadersPolicyId"),
        "The same, with all of them.",
    ),
    Fault("access log of CloudFront gone", "edge/AccessLogs*", gone, "Access records that the law asks for are missing."),
    Fault("metrics of CloudFront gone", "edge/DistributionMonitoringSubscription", gone, "The objective has no numbers."),
    Fault("no first page", DISTRIBUTION, drop(*CONFIG, "DefaultRootObject"), "The address shows an error."),
    Fault("name gone", "edge/AddressIpv?", gone, "Nobody finds us."),
    Fault(
        "personal data abroad",
        "edge/AlarmTopic",
        reads('"AWS::SNS::Topic"', '"AWS::DynamoDB::Table"'),
        "Listeners' data lies in another country without a legal basis.",
    ),
)
