"""Web ACL of CloudFront and its logs."""

from collections.abc import Sequence

from aws_cdk import aws_s3 as s3
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from spotmusic_constructs.arns import bucket_arn, bucket_name
from spotmusic_constructs.edge import web_acl_rules as rules

BUCKET_PREFIX = "aws-waf-logs-"
"""Name prefix that WAF requires of a log bucket (AWS WAF developer guide, logging to S3)."""

CREDENTIAL_HEADERS = ("authorization", "cookie", "referer")
"""Headers that logs omit. `referer` has the query of the page before: after a login, its code."""
CREDENTIAL_ARGUMENTS = (
    "Signature",
    "Policy",
    "code",
    "access_token",
    "id_token",
    "refresh_token",
    "id_token_hint",
    "login_hint",
    "logout_hint",
    "logout_token",
    "key",
    "session_code",
    "client_data",
    "user_code",
    "device_code",
    "SAMLResponse",
    "SAMLRequest",
    "request",
    "state",
)
"""Query arguments with credentials or personal data, which logs omit: signatures of audio URLs,
codes and tokens of OpenID Connect (an `id_token_hint` contains name and address, a `login_hint`
often the address), and Keycloak's own (`key` of a mail sets a password)."""

_LARGEST_INSPECTION = wafv2.CfnWebACL.RequestBodyAssociatedResourceTypeConfigProperty(
    default_size_inspection_limit="KB_64"
)


class WebAcl(Construct):
    """Web ACL for CloudFront with managed rules, rate limits and logs without credentials.

    Creates the web ACL (scope CLOUDFRONT, only in us-east-1) and its logging configuration. In
    order of evaluation: administration paths, addresses of bad reputation, request rate of each
    address, login rate of each address, bodies too large to inspect, the managed group Common,
    loopback addresses outside `loopback_paths`, long queries outside `callback_paths`, the managed
    groups KnownBadInputs and SQLi. Custom rules return JSON, like the API.

    Bodies: WAF inspects the first 64 KiB (its maximum for CloudFront), and the web ACL blocks
    larger bodies. The Common group would block bodies from 8 KiB; its rule only counts here. Audio
    files are uploaded to S3 with signed URLs and do not pass the edge
    (docs/adr/0012-bodies-at-the-edge.md).

    Logs: only requests that matched a rule, because CloudFront's access logs contain every request.
    The headers authorization, cookie and referer are redacted, and data protection replaces
    credentials in sampled requests too, and the parts of a body that a rule matched.

    Args:
        metric_name: name of the web ACL in CloudWatch metrics, unique for each environment of an
            account.
        requests_per_five_minutes: requests of one address in five minutes until it is blocked (10
            to 2,000,000,000). A mobile network has hundreds of listeners behind one address.
        logins_per_five_minutes: POST requests of one address below `login_paths`, and password
            grants below `token_paths`, in five minutes until it is blocked.
        login_paths: paths below which a password or a code can be guessed. Do not include token
            endpoints: renewals would count for all players behind one address.
        token_paths: token endpoints of OpenID Connect, where only password grants count as logins.
            Default: none.
        blocked_paths: paths that are blocked, including all paths below them.
        loopback_paths: exact paths at which a query or a form may contain a loopback address:
            endpoints for OpenID Connect redirect URIs, which the realm compares exactly. Default:
            none.
        callback_paths: exact paths at which a query may exceed the 2,048 bytes of the group Common:
            redirect addresses at identity providers with long codes. Default: none.
        access_logs: bucket for the logs; its name must start with `aws-waf-logs-` and its policy
            allow delivery.logs.amazonaws.com.

    Raises:
        ValueError: if the bucket name is known and WAF does not accept it.

    Example:
        acl = WebAcl(self, "WebAcl", metric_name="spotmusic-dev", access_logs=logs.bucket,
                     login_paths=["/auth/realms/spotmusic/login-actions"])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        metric_name: str,
        access_logs: s3.IBucket,
        login_paths: Sequence[str],
        token_paths: Sequence[str] = (),
        requests_per_five_minutes: int = 25_000,
        logins_per_five_minutes: int = 400,
        blocked_paths: Sequence[str] = (),
        loopback_paths: Sequence[str] = (),
        callback_paths: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        _check_name(bucket_name(access_logs))

        counted = [
            "SizeRestrictions_BODY",
            *(rules.LOOPBACK_RULES if loopback_paths else ()),
            *(["SizeRestrictions_QUERYSTRING"] if callback_paths else ()),
        ]
        self.metric_name = metric_name
        self.web_acl = wafv2.CfnWebACL(
            self,
            "WebAcl",
            scope="CLOUDFRONT",
            description="Refuses attacks and floods before they reach the platform",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            association_config=wafv2.CfnWebACL.AssociationConfigProperty(
                request_body={"CLOUDFRONT": _LARGEST_INSPECTION}
            ),
            data_protection_config=_without_credentials(),
            visibility_config=rules.visibility(metric_name),
            custom_response_bodies=rules.refusals(),
            rules=rules.in_order(
                *([rules.blocked_paths(blocked_paths)] if blocked_paths else []),
                rules.managed("IpReputation", "AWSManagedRulesAmazonIpReputationList"),
                rules.request_rate(requests_per_five_minutes),
                rules.login_rate(
                    logins_per_five_minutes, paths=login_paths, token_paths=token_paths
                ),
                rules.body_size(),
                rules.managed("Common", "AWSManagedRulesCommonRuleSet", counted=counted),
                *([rules.loopback(except_at=loopback_paths)] if loopback_paths else []),
                *([rules.query_size(except_at=callback_paths)] if callback_paths else []),
                rules.managed("KnownBadInputs", "AWSManagedRulesKnownBadInputsRuleSet"),
                rules.managed("SqlInjection", "AWSManagedRulesSQLiRuleSet"),
            ),
        )
        self.arn = self.web_acl.attr_arn
        wafv2.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=self.arn,
            log_destination_configs=[bucket_arn(access_logs)],
            logging_filter=_ACTED_ON,
            redacted_fields=[
                wafv2.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": header})
                for header in CREDENTIAL_HEADERS
            ],
        )


_ACTED_ON = {
    "DefaultBehavior": "DROP",
    "Filters": [
        {
            "Behavior": "KEEP",
            "Requirement": "MEETS_ANY",
            "Conditions": [
                {"ActionCondition": {"Action": action}}
                for action in ("BLOCK", "COUNT", "EXCLUDED_AS_COUNT")
            ],
        }
    ],
}
"""Drops requests that matched no rule: the access logs contain every request."""


def _without_credentials() -> wafv2.CfnWebACL.DataProtectionConfigProperty:
    """Return the data protection, which covers sampled requests too; redaction covers only logs.

    A rule against injections logs the parts of a body that it matched, which may be a password.
    """
    fields = {
        "SINGLE_HEADER": CREDENTIAL_HEADERS,
        "SINGLE_QUERY_ARGUMENT": CREDENTIAL_ARGUMENTS,
        "BODY": (),
    }
    return wafv2.CfnWebACL.DataProtectionConfigProperty(
        data_protections=[
            wafv2.CfnWebACL.DataProtectProperty(
                action="SUBSTITUTION",
                field=wafv2.CfnWebACL.FieldToProtectProperty(
                    field_type=kind, field_keys=list(keys) or None
                ),
            )
            for kind, keys in fields.items()
        ]
    )


def _check_name(bucket_name: str) -> None:
    known = "${" not in bucket_name.split("-", 1)[0]
    if known and not bucket_name.startswith(BUCKET_PREFIX):
        raise ValueError(
            f"{bucket_name!r} cannot store WAF logs. Name the bucket {BUCKET_PREFIX}<something>."
        )
