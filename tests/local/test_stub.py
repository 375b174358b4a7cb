"""Types without an engine: validated and recorded."""

from typing import Any

import pytest

from tools.local_aws.stub import (
    AlreadyExistsError,
    Handler,
    Register,
    custom_recorder,
    either,
    recorder,
)
from tools.provider_schemas import Properties, UnknownResourceTypeError, resource_schema

NAMESPACE = "AWS::APS::RuleGroupsNamespace"
ALARM = "AWS::CloudWatch::Alarm"


@pytest.fixture
def register() -> Register:
    return Register()


@pytest.fixture
def workspace(register: Register) -> Handler:
    return recorder(register, "AWS::APS::Workspace")


def test_stub_has_schema_attributes(workspace: Handler) -> None:
    identifier, attributes = workspace["create"](
        "Workspace", {"Alias": "spotmusic"}, "observability"
    )
    assert attributes["Arn"].startswith("arn:aws:aps:us-east-1:000000000000:workspace/")
    assert attributes["PrometheusEndpoint"].startswith("https://aps.us-east-1.amazonaws.com/")
    assert identifier == attributes["Arn"]
    assert (
        workspace["create"]("Workspace", {}, "observability")[0] != identifier
    )  # the first one may be retained


def test_stub_update_keeps_identifier(workspace: Handler, register: Register) -> None:
    created = workspace["create"]("Workspace", {"Alias": "old"}, "observability")
    found = workspace["update"](
        created[0], {"Alias": "old"}, {"Alias": "new"}, "observability", "Workspace"
    )
    assert found == created
    (record,) = register.listing()
    assert (record["stack"], record["logical_id"], record["properties"]) == (
        "observability",
        "Workspace",
        {"Alias": "new"},
    )
    for _again in range(2):
        workspace["delete"](created[0], {"Alias": "new"})
    assert register.listing() == []


def test_stub_refuses_taken_name(register: Register) -> None:
    alarm = recorder(register, ALARM)
    alarm["create"]("One", {"AlarmName": "a"}, "data")
    with pytest.raises(AlreadyExistsError, match="already exists in stack data"):
        alarm["create"]("Other", {"AlarmName": "a"}, "edge")


def test_custom_resource_is_recorded(register: Register) -> None:
    release = custom_recorder(register, "Custom::AWSCDK-EKS-HelmChart")
    identifier, attributes = release["create"]("Kong", {"Release": "kong"}, "eks-platform")
    assert (identifier.split("-kong-")[0], attributes) == ("eks-platform", {"Value": ""})
    assert [record["properties"] for record in register.listing()] == [{"Release": "kong"}]


def test_alarm_on_metric_math_is_recorded(register: Register) -> None:
    calls: list[tuple[str, str]] = []

    def noted(verb: str) -> Any:
        def call(name: str, *_arguments: Any) -> tuple[str, dict[str, Any]]:
            calls.append((verb, name))
            return "service", {}

        return call

    service = {"create": noted("create"), "delete": noted("delete")}
    alarm = either(
        recorder(register, ALARM), service, is_recorded=lambda properties: "Metrics" in properties
    )
    plain, math = {"AlarmName": "a"}, {"AlarmName": "a", "Metrics": []}
    assert alarm["create"]("Alarm", plain, "data")[0] == "service"
    assert alarm["update"]("service", plain, math, "data", "Alarm")[0] == "a"
    assert alarm["update"]("a", math, plain, "data", "Alarm")[0] == "service"
    assert calls == [("create", "Alarm"), ("delete", "service"), ("create", "Alarm")]
    assert register.listing() == []


@pytest.mark.parametrize(
    ("resource_type", "properties", "expected"),
    [
        ("AWS::APS::Workspace", {"Aliaz": "typo"}, "Aliaz"),
        (NAMESPACE, {"Name": "rules"}, "required"),
        (
            NAMESPACE,
            {"Name": "rules", "Workspace": "not an arn", "Data": "groups: []"},
            "does not match",
        ),
        (
            "AWS::APS::Workspace",
            {"Arn": "arn:aws:aps:sa-east-1:000000000000:workspace/w"},
            "read-only",
        ),
        (
            "AWS::WAFv2::WebACL",
            {"Scope": "WRONG", "DefaultAction": {}, "VisibilityConfig": {}},
            "Scope",
        ),
        (
            "AWS::EC2::VPCEndpoint",
            {"VpcId": "vpc-1", "PrivateDnsEnabled": "perhaps"},
            "PrivateDnsEnabled",
        ),
    ],
)
def test_invalid_properties_are_reported(
    resource_type: str, properties: Properties, expected: str
) -> None:
    assert any(
        expected in problem
        for problem in resource_schema("us-east-1", resource_type).problems(properties)
    )


def test_text_values_are_coerced() -> None:
    schema = resource_schema("sa-east-1", "AWS::ElasticLoadBalancingV2::TargetGroup")
    problems = schema.problems(
        {"Port": "80", "Protocol": "HTTP", "VpcId": "vpc-1", "HealthCheckEnabled": "true"}
    )
    assert problems == []


def test_type_missing_in_region_is_unknown() -> None:
    with pytest.raises(UnknownResourceTypeError, match="does not exist in sa-east-1"):
        resource_schema("sa-east-1", "AWS::Spotmusic::Nothing")
