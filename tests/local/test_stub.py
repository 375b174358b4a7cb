"""Types without an engine: validated, recorded, updated, replaced."""

import pytest

from tools.local_aws.provider_schemas import Properties, UnknownResourceTypeError, resource_schema
from tools.local_aws.provisioning import Handler, Made, Resource
from tools.local_aws.stub import AlreadyExistsError, Register, recorded, recorded_if

NAMESPACE = "AWS::APS::RuleGroupsNamespace"


def resource(
    properties: Properties, *, resource_type: str = "AWS::APS::Workspace", logical_id: str = "Workspace", seed: str = "", creation: str = ""
) -> Resource:
    return Resource(
        type=resource_type,
        account="000000000000",
        region="sa-east-1",
        endpoint="http://127.0.0.1:1",
        stack="spotmusic-dev-observability",
        logical_id=logical_id,
        properties=properties,
        seed=seed,
        creation=creation,
    )


@pytest.fixture
def register() -> Register:
    return Register()


@pytest.fixture
def handler(register: Register) -> Handler:
    return recorded(register)


def test_generated_name_changes_with_replacement() -> None:
    """A resource retained from a failed creation has another name than the next one."""
    name = resource({}, creation="one").generated_name()
    assert resource({"Alias": "new"}, creation="one").generated_name() == name
    assert resource({}, creation="one", seed="second").generated_name() != name
    assert resource({}, creation="two").generated_name() != name


def test_stub_has_schema_attributes(handler: Handler) -> None:
    made = handler.create(resource({"Alias": "spotmusic"}))
    assert made.attributes["Arn"].startswith("arn:aws:aps:sa-east-1:000000000000:workspace/")
    assert made.attributes["PrometheusEndpoint"].startswith("https://aps.sa-east-1.amazonaws.com/")
    assert made.identifier == made.attributes["Arn"]


def test_a_record_is_listed_with_its_stack(handler: Handler, register: Register) -> None:
    handler.create(resource({"Alias": "spotmusic"}))
    (record,) = register.listing()
    assert (record["region"], record["stack"], record["logical_id"]) == ("sa-east-1", "spotmusic-dev-observability", "Workspace")


def test_the_same_name_twice_is_refused(handler: Handler) -> None:
    discovery = {"resource_type": "AWS::CloudWatch::Alarm"}
    handler.create(resource({"AlarmName": "a"}, **discovery))
    with pytest.raises(AlreadyExistsError, match="already exists in stack spotmusic-dev-observability"):
        handler.create(resource({"AlarmName": "a"}, logical_id="Other", **discovery))


def test_an_update_keeps_identifier_and_attributes(handler: Handler, register: Register) -> None:
    made = handler.create(resource({"Alias": "old"}))
    assert handler.update is not None
    changed = handler.update(resource({"Alias": "new"}), made.identifier, {"Alias": "old"})
    assert changed == made
    assert register.listing()[0]["properties"] == {"Alias": "new"}


def test_retained_stub_blocks_no_creation(handler: Handler) -> None:
    assert handler.create(resource({})).identifier != handler.create(resource({})).identifier


def test_stub_deletion_is_idempotent(handler: Handler, register: Register) -> None:
    made = handler.create(resource({}))
    handler.delete(resource({}), made.identifier)
    handler.delete(resource({}), made.identifier)
    assert register.listing() == []


def test_create_only_properties_come_from_the_schema() -> None:
    assert ("Name",) in resource_schema("sa-east-1", NAMESPACE).create_only
    assert ("Data",) not in resource_schema("sa-east-1", NAMESPACE).create_only


def service(log: list[str]) -> Handler:
    return Handler(
        create=lambda _resource: log.append("create") or Made(identifier="service"),  # type: ignore[func-returns-value]
        delete=lambda _resource, _identifier: log.append("delete"),
    )


def test_supported_resources_are_not_stubbed(register: Register) -> None:
    log: list[str] = []
    handler = recorded_if(
        lambda alarm: "Metrics" in alarm.properties, otherwise=service(log), recorder=recorded(register), register=register
    )
    alarm = {"resource_type": "AWS::CloudWatch::Alarm"}
    assert handler.create(resource({"AlarmName": "plain"}, **alarm)).identifier == "service"
    assert handler.create(resource({"AlarmName": "math", "Metrics": []}, **alarm)).identifier == "math"
    handler.delete(resource({}, **alarm), "math")
    handler.delete(resource({}, **alarm), "service")
    assert log == ["create", "delete"]
    assert register.listing() == []


def test_metric_math_alarm_becomes_stub(register: Register) -> None:
    log: list[str] = []
    handler = recorded_if(
        lambda alarm: "Metrics" in alarm.properties, otherwise=service(log), recorder=recorded(register), register=register
    )
    alarm = {"resource_type": "AWS::CloudWatch::Alarm"}
    assert handler.update is not None
    assert handler.update(resource({"AlarmName": "math", "Metrics": []}, **alarm), "service", {}).identifier == "math"
    assert log == ["delete"]


@pytest.mark.parametrize(
    ("resource_type", "properties", "expected"),
    [
        ("AWS::APS::Workspace", {"Aliaz": "typo"}, "Aliaz"),
        (NAMESPACE, {"Name": "rules"}, "required"),
        (NAMESPACE, {"Name": "rules", "Workspace": "not an arn", "Data": "groups: []"}, "does not match"),
        ("AWS::APS::Workspace", {"Arn": "arn:aws:aps:sa-east-1:000000000000:workspace/w"}, "read-only"),
        ("AWS::WAFv2::WebACL", {"Scope": "WRONG", "DefaultAction": {}, "VisibilityConfig": {}}, "Scope"),
        ("AWS::EC2::VPCEndpoint", {"VpcId": "vpc-1", "PrivateDnsEnabled": "perhaps"}, "PrivateDnsEnabled"),
    ],
)
def test_invalid_properties_are_reported(resource_type: str, properties: Properties, expected: str) -> None:
    assert any(expected in problem for problem in resource_schema("us-east-1", resource_type).problems(properties))


def test_text_values_are_coerced() -> None:
    schema = resource_schema("sa-east-1", "AWS::ElasticLoadBalancingV2::TargetGroup")
    assert schema.problems({"Port": "80", "Protocol": "HTTP", "VpcId": "vpc-1", "HealthCheckEnabled": "true"}) == []


def test_type_missing_in_region_is_unknown() -> None:
    with pytest.raises(UnknownResourceTypeError, match="does not exist in sa-east-1"):
        resource_schema("sa-east-1", "AWS::Spotmusic::Nothing")
