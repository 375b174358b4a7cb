"""Web ACL of the platform: limits of requests and logins, and blocked paths."""

from aws_cdk import aws_s3 as s3
from constructs import Construct

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.edge.web_acl import WebAcl

ADMINISTRATION = ("/auth/admin", "/auth/realms/master", "/auth/health", "/auth/metrics")
"""Administrative paths of Keycloak, available only inside the VPC."""


def web_acl(scope: Construct, *, settings: Settings, access_logs: s3.IBucket) -> WebAcl:
    """Create the web ACL, with the paths of Keycloak's realm."""
    realm = f"/auth/realms/{settings.realm}"
    openid = f"{realm}/protocol/openid-connect"
    return WebAcl(
        scope,
        "WebAcl",
        metric_name=settings.resource_prefix,
        requests_per_five_minutes=settings.edge.requests_per_five_minutes,
        logins_per_five_minutes=settings.edge.logins_per_five_minutes,
        # Forms for passwords, codes and device codes.
        login_paths=(f"{realm}/login-actions", f"{realm}/device"),
        # Players renew their tokens here every five minutes. Codes and refresh tokens are random,
        # so only a request with the password grant counts as a login. The realm denies that grant
        # to its clients and to `admin-cli`. A client that an administrator adds may use it.
        token_paths=(f"{openid}/token",),
        blocked_paths=ADMINISTRATION,
        # Redirect addresses of Grafana and of a developer's web player use a forwarded port.
        loopback_paths=tuple(f"{openid}/{endpoint}" for endpoint in ("auth", "token", "logout")),
        # Codes of Microsoft Entra ID alone have up to 2,400 characters.
        callback_paths=tuple(
            f"{realm}/broker/{alias}/endpoint" for alias in settings.identity.providers
        ),
        access_logs=access_logs,
    )
