import json

import pytest
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from spotmusic_constructs.edge.web_acl import WebAcl
from spotmusic_constructs.edge.web_acl_rules import LOOPBACK_RULES
from tests.conftest import new_stack
from tests.model.values import Json


def properties(template: Json, type_: str) -> Json:
    (resource,) = (r for r in template["Resources"].values() if r["Type"] == type_)
    found: Json = resource["Properties"]
    return found


@pytest.fixture(scope="module")
def template() -> Json:
    stack = new_stack(region="us-east-1")
    logs = s3.Bucket.from_bucket_name(stack, "Logs", "aws-waf-logs-example")
    WebAcl(
        stack,
        "WebAcl",
        metric_name="example",
        log_bucket=logs,
        requests_per_five_minutes=500,
        logins_per_five_minutes=20,
        login_paths=["/auth/realms/example/login-actions", "/auth/realms/example/device"],
        token_paths=["/auth/realms/example/token"],
        blocked_paths=["/auth/Admin", "/auth/metrics"],
        loopback_paths=["/auth/realms/example/auth"],
    )
    return dict(Template.from_stack(stack).to_json())


@pytest.fixture(scope="module")
def acl(template: Json) -> Json:
    return properties(template, "AWS::WAFv2::WebACL")


@pytest.fixture(scope="module")
def rules(acl: Json) -> dict[str, Json]:
    return {rule["Name"]: rule for rule in acl["Rules"]}


def test_web_acl_has_cloudfront_scope(acl: Json) -> None:
    assert acl["Scope"] == "CLOUDFRONT"
    assert acl["DefaultAction"] == {"Allow": {}}


def test_managed_rules_block(rules: dict[str, Json]) -> None:
    groups = {
        rule["Statement"]["ManagedRuleGroupStatement"]["Name"]: rule["OverrideAction"]
        for rule in rules.values()
        if "ManagedRuleGroupStatement" in rule["Statement"]
    }
    assert groups == {
        "AWSManagedRulesAmazonIpReputationList": {"None": {}},
        "AWSManagedRulesCommonRuleSet": {"None": {}},
        "AWSManagedRulesKnownBadInputsRuleSet": {"None": {}},
        "AWSManagedRulesSQLiRuleSet": {"None": {}},
    }


def test_web_acl_priorities_are_unique(acl: Json) -> None:
    priorities = [rule["Priority"] for rule in acl["Rules"]]
    assert len(set(priorities)) == len(priorities)
    for part in (acl, *acl["Rules"]):
        assert part["VisibilityConfig"]["CloudWatchMetricsEnabled"] is True


def test_rate_limit_returns_429(rules: dict[str, Json]) -> None:
    rate = rules["RequestRate"]["Statement"]["RateBasedStatement"]
    assert rate == {"AggregateKeyType": "IP", "EvaluationWindowSec": 300, "Limit": 500}
    response = rules["RequestRate"]["Action"]["Block"]["CustomResponse"]
    wait = {"Name": "Retry-After", "Value": "300"}
    assert response == {"ResponseCode": 429, "ResponseHeaders": [wait], "CustomResponseBodyKey": "status-429"}


def test_web_acl_refuses_with_messages_as_json(acl: Json) -> None:
    bodies = acl["CustomResponseBodies"]
    blocks = [rule["Action"]["Block"]["CustomResponse"] for rule in acl["Rules"] if "Action" in rule]
    assert {block["ResponseCode"] for block in blocks} == {403, 404, 413, 429}
    for block in blocks:
        body = bodies[block["CustomResponseBodyKey"]]
        assert body["ContentType"] == "APPLICATION_JSON"
        assert list(json.loads(body["Content"])) == ["message"]


def test_login_rate_counts_form_posts_only(rules: dict[str, Json]) -> None:
    rate = rules["LoginRate"]["Statement"]["RateBasedStatement"]
    forms, posted = rate["ScopeDownStatement"]["AndStatement"]["Statements"]
    *found, _grants = forms["OrStatement"]["Statements"]
    paths, method = [part["ByteMatchStatement"] for part in found], posted["ByteMatchStatement"]
    assert rate["Limit"] == 20
    assert [path["SearchString"] for path in paths] == ["/auth/realms/example/login-actions", "/auth/realms/example/device"]
    assert all((path["FieldToMatch"], path["PositionalConstraint"]) == ({"UriPath": {}}, "STARTS_WITH") for path in paths)
    assert (method["FieldToMatch"], method["SearchString"]) == ({"Method": {}}, "POST")


def test_web_acl_counts_password_grants(rules: dict[str, Json]) -> None:
    rate = rules["LoginRate"]["Statement"]["RateBasedStatement"]
    forms, _posted = rate["ScopeDownStatement"]["AndStatement"]["Statements"]
    endpoint, grant = (part["ByteMatchStatement"] for part in forms["OrStatement"]["Statements"][-1]["AndStatement"]["Statements"])
    assert endpoint["SearchString"] == "/auth/realms/example/token"
    assert (grant["SearchString"], grant["PositionalConstraint"]) == ("grant_type=password", "CONTAINS")
    assert [change["Type"] for change in grant["TextTransformations"]] == ["URL_DECODE", "LOWERCASE"]


def test_oversized_body_is_blocked(acl: Json, rules: dict[str, Json]) -> None:
    assert acl["AssociationConfig"]["RequestBody"] == {"CLOUDFRONT": {"DefaultSizeInspectionLimit": "KB_64"}}
    size = rules["BodySize"]["Statement"]["SizeConstraintStatement"]
    assert size["FieldToMatch"] == {"Body": {"OversizeHandling": "MATCH"}}
    assert (size["ComparisonOperator"], size["Size"]) == ("GT", 65536)
    assert rules["BodySize"]["Action"]["Block"]["CustomResponse"]["ResponseCode"] == 413
    overridden = rules["Common"]["Statement"]["ManagedRuleGroupStatement"]["RuleActionOverrides"]
    assert {rule["Name"] for rule in overridden} == {"SizeRestrictions_BODY", *LOOPBACK_RULES}
    assert all(rule["ActionToUse"] == {"Count": {}} for rule in overridden)


def test_loopback_rule_refuses_all_but_the_paths(acl: Json, rules: dict[str, Json]) -> None:
    names = [rule["Name"] for rule in acl["Rules"]]
    assert names.index("Loopback") == names.index("Common") + 1
    labels, elsewhere = rules["Loopback"]["Statement"]["AndStatement"]["Statements"]
    keys = {part["LabelMatchStatement"]["Key"] for part in labels["OrStatement"]["Statements"]}
    assert keys == {f"awswaf:managed:aws:core-rule-set:EC2MetaDataSSRF_{part}" for part in ("QueryArguments", "Body")}
    path = elsewhere["NotStatement"]["Statement"]["ByteMatchStatement"]
    assert (path["SearchString"], path["PositionalConstraint"]) == ("/auth/realms/example/auth", "EXACTLY")


def test_web_acl_loopback_exception_is_optional() -> None:
    stack = new_stack(region="us-east-1")
    logs = s3.Bucket.from_bucket_name(stack, "Logs", "aws-waf-logs-example")
    WebAcl(stack, "WebAcl", metric_name="example", login_paths=["/auth"], log_bucket=logs)
    found = {rule["Name"]: rule for rule in properties(dict(Template.from_stack(stack).to_json()), "AWS::WAFv2::WebACL")["Rules"]}
    (counted,) = found["Common"]["Statement"]["ManagedRuleGroupStatement"]["RuleActionOverrides"]
    assert counted["Name"] == "SizeRestrictions_BODY"
    assert "Loopback" not in found


def test_administration_paths_are_blocked_in_any_spelling(acl: Json, rules: dict[str, Json]) -> None:
    assert acl["Rules"][0]["Name"] == "BlockedPaths"
    found = [part["ByteMatchStatement"] for part in rules["BlockedPaths"]["Statement"]["OrStatement"]["Statements"]]
    assert [match["SearchString"] for match in found] == ["/auth/admin", "/auth/metrics"]
    assert {tuple(t["Type"] for t in match["TextTransformations"]) for match in found} == {("URL_DECODE", "NORMALIZE_PATH", "LOWERCASE")}


def test_logs_go_to_the_bucket_without_credentials(template: Json) -> None:
    logging = properties(template, "AWS::WAFv2::LoggingConfiguration")
    assert logging["LogDestinationConfigs"] == ["arn:aws:s3:::aws-waf-logs-example"]
    assert logging["RedactedFields"] == [{"SingleHeader": {"Name": "authorization"}}, {"SingleHeader": {"Name": "cookie"}}]


def test_web_acl_logs_matched_requests_only(template: Json) -> None:
    kept = properties(template, "AWS::WAFv2::LoggingConfiguration")["LoggingFilter"]
    assert kept["DefaultBehavior"] == "DROP"
    actions = {condition["ActionCondition"]["Action"] for condition in kept["Filters"][0]["Conditions"]}
    assert {"BLOCK", "COUNT"} <= actions
    assert "ALLOW" not in actions


def test_sampled_requests_show_no_credentials_either(acl: Json) -> None:
    protections = {p["Field"]["FieldType"]: p["Field"]["FieldKeys"] for p in acl["DataProtectionConfig"]["DataProtections"]}
    assert protections["SINGLE_HEADER"] == ["authorization", "cookie"]
    assert {"Signature", "code", "key", "id_token_hint", "session_code"} <= set(protections["SINGLE_QUERY_ARGUMENT"])


def test_blocked_paths_rule_is_minimal() -> None:
    stack = new_stack(region="us-east-1")
    logs = s3.Bucket.from_bucket_name(stack, "Logs", "aws-waf-logs-example")
    WebAcl(stack, "One", metric_name="one", login_paths=["/auth"], log_bucket=logs, blocked_paths=["/auth/admin"])
    WebAcl(stack, "None", metric_name="none", login_paths=["/auth"], log_bucket=logs)
    acls = {
        id_[:3]: r["Properties"] for id_, r in Template.from_stack(stack).to_json()["Resources"].items() if r["Type"].endswith("WebACL")
    }
    assert "ByteMatchStatement" in acls["One"]["Rules"][0]["Statement"]
    assert "BlockedPaths" not in [rule["Name"] for rule in acls["Non"]["Rules"]]


def test_web_acl_rejects_log_bucket_name() -> None:
    stack = new_stack(region="us-east-1")
    with pytest.raises(ValueError, match="aws-waf-logs-<something>"):
        WebAcl(
            stack, "WebAcl", metric_name="example", login_paths=["/auth"], log_bucket=s3.Bucket.from_bucket_name(stack, "Logs", "my-logs")
        )
