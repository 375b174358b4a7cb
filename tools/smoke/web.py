"""Checks of listeners' requests: page, login, API and audio."""

from tools.smoke.check import Check, FailedError, SkippedError
from tools.smoke.platform import Platform

SECURITY_HEADERS = (
    "Strict-Transport-Security",
    "Content-Security-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "Referrer-Policy",
    "Permissions-Policy",
)
"""Headers of `edge/security_headers.py`."""
WEB_BUCKET = ("data", "AWS::S3::Bucket", "WebBucket")
_REFUSED_BY_GATEWAY = frozenset({401, 403, 429})
_UNSIGNED = "/audio/smoke"


def address(platform: Platform) -> str:
    """Reach the public address."""
    try:
        platform.web.fetch("GET", "/")
    except OSError as error:
        raise FailedError(
            f"{platform.web.origin} is not reachable: {getattr(error, 'reason', error)}"
        ) from error
    return platform.web.origin


def page(platform: Platform) -> str:
    """Request the page of the web player."""
    answer = platform.web.fetch("GET", "/")
    missing = [name for name in SECURITY_HEADERS if name not in answer.headers]
    if answer.status in {403, 404} and _is_empty(platform):
        raise SkippedError("the web bucket has no index.html yet")
    if answer.status != 200:
        raise FailedError(f"status {answer.status}")
    if missing:
        raise FailedError(f"without {', '.join(missing)}")
    return f"200, {len(SECURITY_HEADERS)} security headers"


def _is_empty(platform: Platform) -> bool:
    if platform.aws is None:
        return False
    bucket = platform.resource(*WEB_BUCKET)
    return (
        not platform.aws.home("s3")
        .list_objects_v2(Bucket=bucket, Prefix="index.html", MaxKeys=1)
        .get("Contents")
    )


def issuer(platform: Platform) -> str:
    """Compare the issuer of Keycloak with the settings."""
    expected, web = platform.settings.issuer, platform.web
    if not expected.startswith(f"{web.origin}/"):
        raise SkippedError(
            f"logins need {web.origin} as edge.distribution_domain_name (docs/identity.md)"
        )
    answer = web.fetch("GET", f"{expected}/.well-known/openid-configuration")
    if answer.status != 200:
        raise FailedError(f"status {answer.status}")
    if (found := answer.fields().get("issuer")) != expected:
        raise FailedError(f"Keycloak's issuer is {found}, but the settings have {expected}")
    return expected


def login(platform: Platform) -> str:
    """Log in as the listener."""
    token = platform.token
    return f"{platform.given.user} has a token of {len(token)} characters"


def refused(platform: Platform) -> str:
    """Send a request without a token to the Web API."""
    path = platform.given.api or platform.route
    status = platform.web.fetch("GET", path).status
    if status != 401:
        raise FailedError(f"{path}: status {status} instead of 401")
    return f"401 for {path}"


def accepted(platform: Platform) -> str:
    """Send a request with a token to the Web API. A path of the caller must return 200."""
    path = platform.given.api or platform.route
    status = platform.ask(path).status
    if status == 200:
        return f"200 for {path}"
    if platform.given.api or status in _REFUSED_BY_GATEWAY or status >= 500:
        raise FailedError(f"{path}: status {status}")
    return f"{status} of the service behind {path}; SMOKE_API names a path with 200"


def unsigned(platform: Platform) -> str:
    """Request audio without a signature."""
    status = platform.web.fetch("GET", _UNSIGNED).status
    if status != 403:
        raise FailedError(f"{_UNSIGNED}: status {status} instead of 403")
    return "403 without a signature"


def signed(platform: Platform) -> str:
    """Request the first byte of a track by the signed address of the API."""
    if not platform.given.api:
        raise SkippedError("set SMOKE_API to a path with a signed address in `audio`")
    url = str(platform.ask(platform.given.api).fields().get("audio"))
    if not url.startswith(f"{platform.web.origin}/audio/"):
        raise FailedError(
            f"`audio` of {platform.given.api} is not an address of {platform.web.origin}/audio/"
        )
    status = platform.web.fetch("GET", url, headers={"Range": "bytes=0-0"}).status
    if status not in {200, 206}:
        raise FailedError(f"status {status} with a signature")
    without = platform.web.fetch(
        "GET", url.partition("?")[0], headers={"Range": "bytes=0-0"}
    ).status
    if without != 403:
        raise FailedError(f"status {without} without the signature")
    return f"{status} with a signature, 403 without"


CHECKS = (
    Check("address", address, "docs/runbooks/edge.md#errors"),
    Check("page", page, "docs/runbooks/edge.md#errors", needs="address"),
    Check("API without token", refused, "docs/runbooks/kong.md", needs="address"),
    Check("audio without signature", unsigned, "docs/runbooks/edge.md#refused", needs="address"),
    Check("issuer", issuer, "docs/runbooks/keycloak.md", needs="address"),
    Check("login", login, "docs/runbooks/identity.md#a-listener", needs="issuer", again=False),
    Check("API with token", accepted, "docs/runbooks/ecs-service.md", needs="login"),
    Check("audio with signature", signed, "docs/runbooks/edge.md#refused", needs="API with token"),
)
