"""Options of the web ACL; P-107 and P-108 decide its rules, limits and logs."""

from typing import Any

import pytest
from aws_cdk import aws_sns as sns

from spotmusic_constructs.edge.edge_alarms import WebAclAlarms
from spotmusic_constructs.edge.web_acl import WebAcl
from spotmusic_constructs.observability.alarm import Recipients
from tests.conftest import new_stack
from tests.properties.test_web_acl import matches
from tests.templates import all_of, only, resources_of
from tests.unit.imported import logs_of
from tools.model.values import Json


def rules(*, logs: str = "aws-waf-logs-example", **options: Any) -> dict[str, Json]:
    """Rules of a web ACL by name."""
    stack = new_stack(region="us-east-1")
    WebAcl(
        stack,
        "WebAcl",
        metric_name="example",
        login_paths=["/auth"],
        access_logs=logs_of(stack, logs),
        **options,
    )
    return {rule["Name"]: rule for rule in only(resources_of(stack), "AWS::WAFv2::WebACL")["Rules"]}


def test_web_acl_limits_are_configurable() -> None:
    found = rules(requests_per_five_minutes=500, logins_per_five_minutes=20)
    assert [
        found[name]["Statement"]["RateBasedStatement"]["Limit"]
        for name in ("RequestRate", "LoginRate")
    ] == [500, 20]


def test_web_acl_loopback_exception_is_optional() -> None:
    names = list(rules(loopback_paths=["/auth/realms/example/auth"]))
    assert names.index("Loopback") == names.index("Common") + 1
    without = rules()
    (counted,) = without["Common"]["Statement"]["ManagedRuleGroupStatement"]["RuleActionOverrides"]
    assert counted["Name"] == "SizeRestrictions_BODY"
    assert not {"Loopback", "QuerySize"} & without.keys()


@pytest.mark.parametrize(
    ("path", "length", "blocked"),
    [
        ("/auth/realms/example/broker/entra/endpoint", 4000, False),
        ("/auth/realms/example/broker/entra/endpoint/x", 4000, True),
        ("/v1/catalogue", 2049, True),
        ("/v1/catalogue", 2048, False),
    ],
)
def test_web_acl_accepts_long_queries_of_providers_only(
    path: str, length: int, blocked: bool
) -> None:
    found = rules(callback_paths=["/auth/realms/example/broker/entra/endpoint"])
    assert list(found).index("QuerySize") == list(found).index("Common") + 1
    overrides = found["Common"]["Statement"]["ManagedRuleGroupStatement"]["RuleActionOverrides"]
    assert "SizeRestrictions_QUERYSTRING" in {one["Name"] for one in overrides}
    assert "Block" in found["QuerySize"]["Action"]
    request = {"UriPath": path, "QueryString": "x" * length}
    assert matches(found["QuerySize"]["Statement"], request) == blocked


@pytest.mark.parametrize(
    ("paths", "kind"),
    [(["/auth/Admin"], "ByteMatchStatement"), (["/auth/Admin", "/auth/metrics"], "OrStatement")],
)
def test_blocked_paths_are_compared_in_lower_case(paths: list[str], kind: str) -> None:
    name, first = next(iter(rules(blocked_paths=paths).items()))
    assert name == "BlockedPaths"
    assert list(first["Statement"]) == [kind]
    assert "'/auth/admin'" in str(first)


def test_web_acl_without_paths_omits_rule() -> None:
    assert "BlockedPaths" not in rules()


def test_web_acl_rejects_log_bucket_name() -> None:
    with pytest.raises(ValueError, match="aws-waf-logs-<something>"):
        rules(logs="my-logs")


def test_web_acl_alarm_counts_every_rule() -> None:
    stack = new_stack(region="us-east-1")
    topic = sns.Topic.from_topic_arn(stack, "Topic", "arn:aws:sns:us-east-1:111122223333:alarms")
    recipients = Recipients(topic=topic, environment_name="prod")
    WebAclAlarms(
        stack,
        "WebAcl",
        recipients=recipients,
        metric_name="example",
        blocked_requests={"critical": 500},
    )
    (blocked,) = all_of(resources_of(stack), "AWS::CloudWatch::Alarm")
    assert blocked["Threshold"] == 500
    assert {dimension["Name"]: dimension["Value"] for dimension in blocked["Dimensions"]} == {
        "WebACL": "example",
        "Rule": "ALL",
    }
