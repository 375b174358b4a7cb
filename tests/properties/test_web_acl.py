"""Promises: Web ACL."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from spotmusic_constructs.edge_region import EDGE_REGION
from tests.properties.distributions import DISTRIBUTION, every_behavior
from tests.properties.promise import Verdicts, promise, rule
from tools.checkout import ROOT
from tools.model.assembly import Assembly, Resource
from tools.model.stacks import stacks_in
from tools.model.values import Json, at

ACL = "AWS::WAFv2::WebACL"
MANAGED = {
    f"AWSManagedRules{name}"
    for name in ("CommonRuleSet", "KnownBadInputsRuleSet", "SQLiRuleSet", "AmazonIpReputationList")
}
FORMS = ("/auth/realms/spotmusic/login-actions/authenticate", "/auth/realms/spotmusic/device")
TOKENS = "/auth/realms/spotmusic/protocol/openid-connect/token"
"""Paths at which passwords and codes can be guessed, and the path of token renewals every five
minutes."""
REDIRECTING = {
    f"/auth/realms/spotmusic/protocol/openid-connect/{endpoint}"
    for endpoint in ("auth", "token", "logout")
}
"""Endpoints that take redirect addresses, which the realm compares letter by letter."""
CALLBACK = re.compile("/auth/realms/spotmusic/broker/[a-z0-9-]+/endpoint")
"""Redirect address at an identity provider. Codes of some providers are long."""
INSIDE = {"/auth/admin", "/auth/realms/master", "/auth/health", "/auth/metrics"}
"""Paths of Keycloak for administrators and probes."""
CREDENTIALS = {"authorization", "cookie", "referer"}
ARGUMENTS = {
    "signature",
    "policy",
    "code",
    "id_token_hint",
    "login_hint",
    "key",
    "session_code",
    "client_data",
    "user_code",
    "samlresponse",
}
"""Query parameters with credentials or personal data: of CloudFront, OpenID Connect and Keycloak's
mails."""
LOGS = "data/LogsBucket"


@promise
def test_p106_distributions_have_web_acl(
    platform: Assembly, synthesized: Callable[[str], Path]
) -> Verdicts:
    """Each distribution has a web ACL in us-east-1.

    Kept by: `EdgeStack`, `WebAcl`
    """
    stacks = stacks_in(synthesized(platform.name))
    for resource in platform.some(ACL, DISTRIBUTION):
        region = stacks[resource.stack].region
        yield (
            resource,
            region == EDGE_REGION,
            f"It belongs into {EDGE_REGION}, and its stack is for {region}.",
        )
    for acl in platform.some(ACL):
        yield acl, acl["Scope"] == "CLOUDFRONT", "Give it the scope CLOUDFRONT."
    for distribution in platform.some(DISTRIBUTION):
        attached = distribution.target("DistributionConfig.WebACLId")
        yield distribution, attached is not None and attached.type == ACL, "Attach a web ACL."


@promise
def test_p107_attacks_and_floods_are_blocked(platform: Assembly) -> Verdicts:
    """The web ACL blocks common attacks, bad inputs, SQL injection and addresses of bad reputation
    with AWS managed rules. It limits requests and logins per address, and blocks the administration
    and health paths of Keycloak. It inspects 64 KiB of a body and blocks larger ones; files use
    presigned uploads instead.

    Kept by: [`web_acl_rules.py`](../constructs/spotmusic_constructs/edge/web_acl_rules.py), [ADR
    12](adr/0012-bodies-at-the-edge.md)
    """
    for acl in platform.some(ACL):
        rules = acl["Rules"] or []
        priorities = [rule["Priority"] for rule in rules]
        yield acl, len(set(priorities)) == len(rules), "Give each rule its own priority."
        measured = [
            at(rule, "VisibilityConfig.CloudWatchMetricsEnabled")
            for rule in (acl.properties, *rules)
        ]
        yield acl, all(value is True for value in measured), "Count every rule in CloudWatch."
        holds = not any("Allow" in rule.get("Action", {}) for rule in rules)
        yield acl, holds, "Remove rules with the action Allow: they skip all later rules."
        refused = {name for rule in rules if (name := refusing_group(rule, rules))}
        yield (
            acl,
            refused >= MANAGED,
            f"These groups are missing or only count: {', '.join(sorted(MANAGED - refused))}.",
        )
        limits = [
            at(rule, "Statement.RateBasedStatement")
            for rule in rules
            if "Block" in rule.get("Action", {})
        ]
        of_all = [
            rate["Limit"]
            for rate in limits
            if rate and "ScopeDownStatement" not in rate and rate["AggregateKeyType"] == "IP"
            if rate.get("EvaluationWindowSec", 300) == 300
        ]
        yield (
            acl,
            of_all == [platform.settings.edge.requests_per_five_minutes],
            "Limit the requests of each address.",
        )
        for path in FORMS:
            guessed = [rate["Limit"] for rate in limits if rate and counts(rate, path)]
            yield (
                acl,
                bool(guessed) and max(guessed) < min(of_all, default=0),
                f"Limit what an address posts to {path}, below all it asks.",
            )
        grants = [
            rate["Limit"]
            for rate in limits
            if rate and counts(rate, TOKENS, body="grant_type=password")
        ]
        yield (
            acl,
            bool(grants) and max(grants) < min(of_all, default=0),
            "Count password grants as logins.",
        )
        shared = [
            rate
            for rate in limits
            if rate and counts(rate, TOKENS, body="grant_type=refresh_token")
        ]
        yield (
            acl,
            not shared,
            (
                "Exclude token renewals from the login limit: "
                "clients of a mobile network share an address."
            ),
        )
        inside = INSIDE - {path for rule in rules for path in refused_paths(rule)}
        yield (
            acl,
            not inside,
            (
                f"Block {', '.join(sorted(inside))} in every encoding: "
                "these paths are for administrators."
            ),
        )
        yield from bodies(acl)
    for behavior in every_behavior(platform):
        yield (
            str(behavior),
            not at(behavior["GrpcConfig"], "Enabled"),
            "Leave gRPC off: WAF does not read its bodies.",
        )


def counts(rate: Json, path: str, body: str = "") -> bool:
    """Return true if a scoped-down rate limit counts a POST request with this path and body."""
    return "ScopeDownStatement" in rate and matches(
        rate["ScopeDownStatement"], {"UriPath": path, "Body": body, "Method": "POST"}
    )


def matches(statement: Json, request: Mapping[str, str], labels: Collection[str] = ()) -> bool:
    """Evaluate a statement for a request with these labels; other kinds of statement are false."""
    ((kind, said),) = statement.items()
    match kind:
        case "AndStatement" | "OrStatement":
            holds = all if kind == "AndStatement" else any
            return holds(matches(part, request, labels) for part in said["Statements"])
        case "NotStatement":
            return not matches(said["Statement"], request, labels)
        case "LabelMatchStatement":
            return said["Key"] in labels
        case "ByteMatchStatement":
            (field,) = said["FieldToMatch"]
            found = {
                "STARTS_WITH": str.startswith,
                "CONTAINS": str.__contains__,
                "EXACTLY": str.__eq__,
            }[said["PositionalConstraint"]]
            return bool(found(request.get(field, ""), said["SearchString"]))
        case "SizeConstraintStatement" if said["ComparisonOperator"] == "GT":
            (field,) = said["FieldToMatch"]
            return len(request.get(field, "")) > int(said["Size"])
    return False


def refusing_group(rule: Json, rules: list[Json]) -> str | None:
    """Name of an AWS managed rule group that blocks requests, except those that our own rules
    handle.
    """
    group = at(rule, "Statement.ManagedRuleGroupStatement") or {}
    counted = {
        o["Name"].lower()
        for o in group.get("RuleActionOverrides", [])
        if "Block" not in o["ActionToUse"]
    }
    later = {
        label
        for other in rules
        if other["Priority"] > rule["Priority"]
        for label in refused_labels(other)
    }
    whole = (
        group.get("VendorName") == "AWS"
        and counted <= {"sizerestrictions_body"} | later
        and not {"ScopeDownStatement", "ExcludedRules"} & group.keys()
    )
    return group["Name"] if whole and rule.get("OverrideAction") == {"None": {}} else None


def refused_labels(rule: Json) -> set[str]:
    """Rules of a group, in lower case, that our rules replace everywhere except on OpenID Connect
    redirects.
    """
    match (
        at(rule, "Statement.AndStatement.Statements") if "Block" in rule.get("Action", {}) else None
    ):
        case [
            {"OrStatement": {"Statements": labels}},
            {"NotStatement": {"Statement": {"OrStatement": {"Statements": admitted}}}},
        ]:
            paths = [at(part, "ByteMatchStatement") or {} for part in admitted]
            exact = all(
                path.get("PositionalConstraint") == "EXACTLY"
                and path.get("SearchString") in REDIRECTING
                for path in paths
            )
            keys = [str(at(label, "LabelMatchStatement.Key")) for label in labels]
            return {key.rpartition(":")[2].lower() for key in keys} if exact else set()
        case [
            {
                "SizeConstraintStatement": {
                    "ComparisonOperator": "GT",
                    "FieldToMatch": {"QueryString": {}},
                    "Size": 2048,
                }
            },
            {"NotStatement": {"Statement": callbacks}},
        ]:
            answers = at(callbacks, "OrStatement.Statements") or [callbacks]
            of_providers = all(
                at(part, "ByteMatchStatement.PositionalConstraint") == "EXACTLY"
                and CALLBACK.fullmatch(str(at(part, "ByteMatchStatement.SearchString")))
                for part in answers
            )
            return {"sizerestrictions_querystring"} if of_providers else set()
    return set()


def refused_paths(rule: Json) -> set[str]:
    """Path prefixes that a rule blocks, in any encoding."""
    statements = at(rule, "Statement.OrStatement.Statements") or []
    matches = [
        at(statement, "ByteMatchStatement") or {}
        for statement in statements
        if "Block" in rule.get("Action", {})
    ]
    return {
        match["SearchString"]
        for match in matches
        if "UriPath" in match["FieldToMatch"] and match["PositionalConstraint"] == "STARTS_WITH"
        if {change["Type"] for change in match["TextTransformations"]}
        >= {"URL_DECODE", "NORMALIZE_PATH", "LOWERCASE"}
    }


def bodies(acl: Resource) -> Verdicts:
    """WAF passes only bodies that it inspects completely, and the decision states the size."""
    read = acl["AssociationConfig.RequestBody.CLOUDFRONT.DefaultSizeInspectionLimit"] or "KB_16"
    kib = int(read.removeprefix("KB_"))
    sizes = [(rule, at(rule, "Statement.SizeConstraintStatement")) for rule in acl["Rules"]]
    refusing = [
        size["Size"]
        for rule, size in sizes
        if size and "Block" in rule.get("Action", {}) and size["ComparisonOperator"] in ("GT", "GE")
        if at(size, "FieldToMatch.Body.OversizeHandling") == "MATCH"
    ]
    yield (
        acl,
        bool(refusing) and min(refusing) <= kib * 1024,
        f"WAF reads {kib} KiB. Refuse what is larger, with oversize handling MATCH.",
    )
    decided = re.findall(
        r"(\d+) KiB are read, and a larger body is refused",
        (ROOT / "docs" / "adr" / "0012-bodies-at-the-edge.md").read_text(),
    )
    yield (
        acl,
        decided == [str(kib)],
        "The size differs from decision 12. Change the decision first.",
    )
    stated = f"more than {kib} KiB" in (ROOT / "docs" / "runbooks" / "web-acl.md").read_text()
    yield acl, stated, "State in the runbook which bodies are blocked."


@promise
def test_p108_blocked_requests_are_logged_without_credentials(platform: Assembly) -> Verdicts:
    """Requests that the web ACL blocks or counts are logged in the home region, without
    authorization headers, cookies and referrers, and without the parts of a body that a rule
    matched. Sampled requests omit these as well.

    Kept by: `WebAcl`, [ADR 7](adr/0007-edge-logs.md)
    """
    for acl in platform.some(ACL):
        recorded = platform.users_of(acl, "AWS::WAFv2::LoggingConfiguration")
        yield acl, len(recorded) == 1, "Record what it refuses."
        protected = {
            key.lower()
            for entry in acl["DataProtectionConfig.DataProtections"] or []
            for key in entry["Field"].get("FieldKeys", [])
        }
        yield (
            acl,
            protected >= CREDENTIALS | ARGUMENTS,
            "Protect credentials in sampled requests as well.",
        )
        whole = {
            entry["Field"]["FieldType"]
            for entry in acl["DataProtectionConfig.DataProtections"] or []
            if not entry.get("ExcludeRuleMatchDetails")
        }
        yield acl, "BODY" in whole, "Protect matched parts of bodies, which may be passwords."
        for log in recorded:
            buckets = log.targets("LogDestinationConfigs")
            home = [bucket.name for bucket in buckets] == [LOGS] and buckets[0].text(
                "BucketName"
            ).startswith("aws-waf-logs-")
            yield (
                log,
                home,
                "Send it to the log bucket. WAF requires a name that begins with aws-waf-logs-.",
            )
            redacted = {
                str(at(field, "SingleHeader.Name")).lower() for field in log["RedactedFields"] or []
            }
            yield (
                log,
                redacted >= CREDENTIALS,
                f"Redact {', '.join(sorted(CREDENTIALS - redacted))}.",
            )
            kept = [
                f
                for f in log["LoggingFilter.Filters"] or []
                if f["Behavior"] == "KEEP" and f["Requirement"] == "MEETS_ANY"
            ]
            actions = {
                at(condition, "ActionCondition.Action")
                for f in kept
                for condition in f["Conditions"]
            }
            everything = log["LoggingFilter.DefaultBehavior"] in (None, "KEEP")
            dropped = any(f["Behavior"] == "DROP" for f in log["LoggingFilter.Filters"] or [])
            yield (
                log,
                not dropped and (everything or actions >= {"BLOCK", "COUNT"}),
                "Log requests that a rule blocked or counted.",
            )


@rule
def test_web_acl_statements_have_one_kind(platform: Assembly) -> Verdicts:
    for acl in platform.some(ACL):
        for statement in statements_in(acl["Rules"]):
            yield acl, len(statement) == 1, f"{statement}: say one thing in it."
            match = statement.get("ByteMatchStatement") or {}
            types = {change.get("Type") for change in match.get("TextTransformations", [])}
            beginning = (
                "UriPath" in match.get("FieldToMatch", {})
                and match.get("PositionalConstraint") == "STARTS_WITH"
            )
            read = not beginning or types >= {"URL_DECODE", "NORMALIZE_PATH", "LOWERCASE"}
            yield acl, read, f"{statement}: read a path in whichever way a client writes it."
            changes = [change.get("Priority") for change in match.get("TextTransformations", [])]
            yield (
                acl,
                changes == list(range(len(changes))),
                f"{statement}: number what is changed from 0, in its order.",
            )


def statements_in(value: object) -> Iterator[Json]:
    """Statements of rules at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from statements_in(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in ("Statement", "ScopeDownStatement"):
                yield item
            elif key == "Statements":
                yield from item
            yield from statements_in(item)
