"""Security headers of responses to browsers."""

from collections.abc import Mapping
from typing import Literal

from aws_cdk import aws_cloudfront as cloudfront
from constructs import Construct

from spotmusic_constructs import durations

_REFERRER = cloudfront.HeadersReferrerPolicy.STRICT_ORIGIN_WHEN_CROSS_ORIGIN
PLAYER_POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'self'",
    "upgrade-insecure-requests": "",
}
"""Sources on the player's own origin; media also from memory buffers (`blob:`)."""

NO_CONTENT = {"default-src": "'none'", "frame-ancestors": "'none'"}
"""Content security policy of data responses."""


def player_policy(*, uploads: str | None = None) -> dict[str, str]:
    """Return the policy of the web player.

    Args:
        uploads: domain name of the bucket for uploads by signed URL. Default: no uploads.
    """
    return (
        PLAYER_POLICY
        if uploads is None
        else {**PLAYER_POLICY, "connect-src": f"'self' https://{uploads}"}
    )


TELLTALES = ("X-Powered-By", "x-amz-server-side-encryption-aws-kms-key-id")
"""Headers of origins that viewers do not receive: the software of a service, and the ARN of the
bucket's key with the id of the account, which S3 adds to every object."""
_TWO_YEARS = durations.days(730)
"""Two years, as the HSTS preload list recommends. Joining the list is a decision of the domain's
owner, because it is hard to reverse."""


class SecurityHeaders(Construct):
    """Response headers policy: HSTS, nosniff, frame, content security, referrer, permissions.

    The policy has no CORS: the distribution serves the player, its API and the audio from one
    origin. Frames of the same origin are allowed, because the silent login of OpenID Connect needs
    one. Scripts and workers come from files of the player, without `blob:` workers and WebAssembly;
    no served format needs them.

    Args:
        content_security_policy: directives of the content security policy and their sources.
        include_subdomains: whether HSTS includes subdomains of the public domain. Browsers remember
            it for two years.
        resource_policy: sites that may embed responses: `same-origin`, or `cross-origin` if
            requests are authorized otherwise.
        origin_decides: whether content security and frame policies of the origin take precedence,
            such as those of Keycloak's pages.

    Example:
        headers = SecurityHeaders(self, "PlayerHeaders",
                                  content_security_policy=PLAYER_POLICY).policy
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        content_security_policy: Mapping[str, str],
        include_subdomains: bool = False,
        resource_policy: Literal["same-origin", "cross-origin"] = "same-origin",
        origin_decides: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        directives = "; ".join(
            f"{name} {sources}".rstrip() for name, sources in content_security_policy.items()
        )
        self.policy = cloudfront.ResponseHeadersPolicy(
            self,
            "Policy",
            remove_headers=list(TELLTALES),
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=_TWO_YEARS,
                    include_subdomains=include_subdomains,
                    override=True,
                ),
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                frame_options=cloudfront.ResponseHeadersFrameOptions(
                    frame_option=cloudfront.HeadersFrameOption.SAMEORIGIN,
                    override=not origin_decides,
                ),
                content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                    content_security_policy=directives, override=not origin_decides
                ),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                    referrer_policy=_REFERRER,
                    override=not origin_decides,
                ),
            ),
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
                custom_headers=[
                    cloudfront.ResponseCustomHeader(
                        header="Permissions-Policy",
                        value="camera=(), geolocation=(), microphone=(), payment=()",
                        override=True,
                    ),
                    cloudfront.ResponseCustomHeader(
                        header="Cross-Origin-Resource-Policy", value=resource_policy, override=True
                    ),
                ]
            ),
        )
