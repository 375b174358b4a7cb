"""Rules of the web ACL."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import aws_wafv2 as wafv2

Acl = wafv2.CfnWebACL
Rule = Mapping[str, Any]
"""Rule without its priority, which `in_order` sets."""

WINDOW_SECONDS = 300
LARGEST_BODY = 64 * 1024
"""Maximum body size that WAF inspects for CloudFront, in bytes."""
LONGEST_QUERY = 2048
"""Maximum size of a query in the group Common (SizeRestrictions_QUERYSTRING), in bytes."""

LOOPBACK_RULES = {
    "EC2MetaDataSSRF_QUERYARGUMENTS": "EC2MetaDataSSRF_QueryArguments",
    "EC2MetaDataSSRF_BODY": "EC2MetaDataSSRF_Body",
}
"""Rules of the group Common that treat loopback addresses as attacks, and their labels. Logins
through a forwarded port contain such an address (awslabs/nx-plugin-for-aws#1016, 2026-08:
`redirect_uri=https://localhost:4200` got 403)."""
COMMON_LABELS = "awswaf:managed:aws:core-rule-set:"
REFUSALS = {
    404: "Not found",
    413: "The body is larger than 64 KiB",
    429: "Too many requests from this address",
    403: "Refused: the request names an address of the own machine, or its query is too long",
}
"""Messages of the custom rules by status, in the Web API's error format. The managed groups return
403 with CloudFront's page."""

_NORMALIZED = ("URL_DECODE", "NORMALIZE_PATH", "LOWERCASE")
"""Normalization of paths. Without it, /auth//admin and /auth/%61dmin would pass here and match
behind the edge."""


_BODY = Acl.FieldToMatchProperty(body=Acl.BodyProperty(oversize_handling="MATCH"))


def visibility(metric_name: str) -> Acl.VisibilityConfigProperty:
    """Enable the CloudWatch metric of this name, and request samples (kept for three hours)."""
    return Acl.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, sampled_requests_enabled=True, metric_name=metric_name
    )


def in_order(*rules: Rule) -> list[Acl.RuleProperty]:
    """Set the priority of each rule to its position, so that priorities are unique."""
    return [
        Acl.RuleProperty(priority=place, visibility_config=visibility(rule["name"]), **rule)
        for place, rule in enumerate(rules)
    ]


def managed(name: str, group: str, *, counted: Sequence[str] = ()) -> Rule:
    """Rule for a managed group in its default version, which AWS updates without a deployment.

    Args:
        name: name of the rule and of its metric.
        group: name of the group.
        counted: rules of the group with an action that is overridden with Count.
    """
    count = Acl.RuleActionProperty(count={})
    overrides = [Acl.RuleActionOverrideProperty(name=rule, action_to_use=count) for rule in counted]
    statement = Acl.ManagedRuleGroupStatementProperty(
        vendor_name="AWS", name=group, rule_action_overrides=overrides or None
    )
    return {
        "name": name,
        "statement": Acl.StatementProperty(managed_rule_group_statement=statement),
        "override_action": Acl.OverrideActionProperty(none={}),
    }


def blocked_paths(paths: Sequence[str]) -> Rule:
    """Block paths and all paths below them."""
    return {"name": "BlockedPaths", "statement": _below(paths), "action": _block(404)}


def request_rate(limit: int) -> Rule:
    """Block an address while it exceeds the limit of requests in five minutes."""
    return {"name": "RequestRate", "statement": _rate(limit), "action": _slow_down()}


def login_rate(limit: int, *, paths: Sequence[str], token_paths: Sequence[str] = ()) -> Rule:
    """Block an address while it exceeds the limit of login attempts in five minutes.

    A login attempt is a POST request below `paths`, or one below `token_paths` with the password
    grant (RFC 6749, 4.3). A login page alone needs about twenty GET requests.
    """
    post = _text(Acl.FieldToMatchProperty(method={}), "EXACTLY", "POST")
    return {
        "name": "LoginRate",
        "statement": _rate(limit, scope_down_statement=_all(_guesses(paths, token_paths), post)),
        "action": _slow_down(),
    }


def loopback(*, except_at: Sequence[str]) -> Rule:
    """Block requests with labels of `LOOPBACK_RULES`, except at the exact paths."""
    labels = [
        Acl.StatementProperty(
            label_match_statement=Acl.LabelMatchStatementProperty(
                scope="LABEL", key=f"{COMMON_LABELS}{label}"
            )
        )
        for label in LOOPBACK_RULES.values()
    ]
    statement = _all(_any(labels), _elsewhere(except_at))
    return {"name": "Loopback", "statement": statement, "action": _block(403)}


def query_size(*, except_at: Sequence[str]) -> Rule:
    """Block queries that the group Common blocks by their size, except at the exact paths."""
    long = Acl.StatementProperty(
        size_constraint_statement=Acl.SizeConstraintStatementProperty(
            field_to_match=Acl.FieldToMatchProperty(query_string={}),
            comparison_operator="GT",
            size=LONGEST_QUERY,
            text_transformations=_transformed(["NONE"]),
        )
    )
    statement = _all(long, _elsewhere(except_at))
    return {"name": "QuerySize", "statement": statement, "action": _block(403)}


def refusals() -> dict[str, Acl.CustomResponseBodyProperty]:
    """Return the JSON bodies of blocked requests by key."""
    return {
        _body_key(status): Acl.CustomResponseBodyProperty(
            content_type="APPLICATION_JSON", content=json.dumps({"message": message})
        )
        for status, message in REFUSALS.items()
    }


def body_size() -> Rule:
    """Block bodies larger than WAF's inspection limit."""
    statement = Acl.SizeConstraintStatementProperty(
        field_to_match=_BODY,
        comparison_operator="GT",
        size=LARGEST_BODY,
        text_transformations=_transformed(["NONE"]),
    )
    return {
        "name": "BodySize",
        "statement": Acl.StatementProperty(size_constraint_statement=statement),
        "action": _block(413),
    }


def _rate(
    limit: int, *, scope_down_statement: Acl.StatementProperty | None = None
) -> Acl.StatementProperty:
    return Acl.StatementProperty(
        rate_based_statement=Acl.RateBasedStatementProperty(
            aggregate_key_type="IP",
            limit=limit,
            evaluation_window_sec=WINDOW_SECONDS,
            scope_down_statement=scope_down_statement,
        )
    )


def _elsewhere(paths: Sequence[str]) -> Acl.StatementProperty:
    exact = [_text(Acl.FieldToMatchProperty(uri_path={}), "EXACTLY", path) for path in paths]
    return Acl.StatementProperty(not_statement=Acl.NotStatementProperty(statement=_any(exact)))


def _guesses(paths: Sequence[str], token_paths: Sequence[str]) -> Acl.StatementProperty:
    if not token_paths:
        return _below(paths)
    # Forms with the password grant, escaped ones too, and bodies beyond the inspection limit.
    grant = _text(_BODY, "CONTAINS", "grant_type=password", "URL_DECODE", "LOWERCASE")
    return _any([*map(_path_starts_with, paths), _all(_below(token_paths), grant)])


def _below(paths: Sequence[str]) -> Acl.StatementProperty:
    return _any([*map(_path_starts_with, paths)])


def _any(statements: Sequence[Acl.StatementProperty]) -> Acl.StatementProperty:
    """Match any of the statements; WAF rejects an OR of one statement."""
    return (
        statements[0]
        if len(statements) == 1
        else Acl.StatementProperty(
            or_statement=Acl.OrStatementProperty(statements=list(statements))
        )
    )


def _all(*statements: Acl.StatementProperty) -> Acl.StatementProperty:
    return Acl.StatementProperty(
        and_statement=Acl.AndStatementProperty(statements=list(statements))
    )


def _path_starts_with(path: str) -> Acl.StatementProperty:
    return _text(Acl.FieldToMatchProperty(uri_path={}), "STARTS_WITH", path.lower(), *_NORMALIZED)


def _text(
    field: Acl.FieldToMatchProperty, place: str, text: str, *transformations: str
) -> Acl.StatementProperty:
    """Match a text at a place of a field, which the transformations change first."""
    return Acl.StatementProperty(
        byte_match_statement=Acl.ByteMatchStatementProperty(
            field_to_match=field,
            positional_constraint=place,
            search_string=text,
            text_transformations=_transformed(transformations or ["NONE"]),
        )
    )


def _transformed(kinds: Sequence[str]) -> list[Acl.TextTransformationProperty]:
    return [
        Acl.TextTransformationProperty(priority=place, type=kind)
        for place, kind in enumerate(kinds)
    ]


def _block(status: int) -> Acl.RuleActionProperty:
    return Acl.RuleActionProperty(block=Acl.BlockActionProperty(custom_response=_response(status)))


def _slow_down() -> Acl.RuleActionProperty:
    """Return 429 with Retry-After, so that players wait; a 403 would make them log in again."""
    wait = Acl.CustomHTTPHeaderProperty(name="Retry-After", value=str(WINDOW_SECONDS))
    return Acl.RuleActionProperty(
        block=Acl.BlockActionProperty(custom_response=_response(429, wait))
    )


def _response(status: int, *headers: Acl.CustomHTTPHeaderProperty) -> Acl.CustomResponseProperty:
    return Acl.CustomResponseProperty(
        response_code=status,
        custom_response_body_key=_body_key(status),
        response_headers=list(headers) or None,
    )


def _body_key(status: int) -> str:
    return f"status-{status}"
