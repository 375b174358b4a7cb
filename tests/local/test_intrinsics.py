"""`Fn::GetStackOutput` from any region of the account, for existing stacks only; and the Conditions
section.
"""

from typing import Any

import pytest

from tools.local_aws.intrinsics import UnresolvableOutputError, evaluator, with_stack_outputs


class Stacks:
    """Stacks of the emulator: an output Arn in two regions, and a destroyed stack."""

    def get_scoped(self, _account: str, region: str, name: str) -> dict[str, Any] | None:
        output = {"OutputKey": "Arn", "OutputValue": f"arn-of-{region}"}
        status = "DELETE_COMPLETE" if name == "gone" else "CREATE_COMPLETE"
        return {"StackStatus": status, "Outputs": [output]} if name in ("data", "gone") else None


def resolve(value: Any, *_context: Any) -> Any:
    """Stub of the emulator's resolver with Ref of a parameter and Fn::Join."""
    if isinstance(value, dict) and "Ref" in value:
        return {"Empty": [""], "AWS::Region": "sa-east-1"}[value["Ref"]]
    if isinstance(value, dict) and "Fn::Join" in value:
        return value["Fn::Join"][0].join(resolve(value["Fn::Join"][1]))
    return value


@pytest.fixture
def resolver() -> Any:
    return with_stack_outputs(
        resolve, stacks=Stacks(), account=lambda: "000000000000", region=lambda: "us-east-1"
    )


def output(**arguments: Any) -> dict[str, Any]:
    return {"Fn::GetStackOutput": {"StackName": "data", "OutputName": "Arn", **arguments}}


def test_output_of_given_region_is_read(resolver: Any) -> None:
    assert resolver(output(Region="sa-east-1")) == "arn-of-sa-east-1"


def test_output_region_defaults_to_reader(resolver: Any) -> None:
    assert resolver(output()) == "arn-of-us-east-1"


def test_output_of_other_account_is_refused(resolver: Any) -> None:
    with pytest.raises(UnresolvableOutputError, match="another account"):
        resolver(output(RoleArn="arn:aws:iam::111122223333:role/reader"))


@pytest.mark.parametrize(
    "arguments", [{"StackName": "gone"}, {"StackName": "never"}, {"OutputName": "Other"}]
)
def test_missing_output_is_not_found(resolver: Any, arguments: dict[str, str]) -> None:
    with pytest.raises(UnresolvableOutputError, match="not found in us-east-1"):
        resolver(output(**arguments))


def test_emulator_resolves_other_values(resolver: Any) -> None:
    assert resolver({"Ref": "AWS::Region"}) == "sa-east-1"


@pytest.mark.parametrize(
    ("condition", "truth"),
    [
        ({"Fn::Equals": ["", {"Fn::Join": ["", {"Ref": "Empty"}]}]}, True),
        ({"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}, False),
        ({"Fn::Not": [{"Condition": "Yes"}]}, False),
        ({"Fn::And": [{"Condition": "Yes"}, {"Fn::Not": [{"Condition": "Yes"}]}]}, False),
        ({"Fn::Or": [{"Fn::Not": [{"Condition": "Yes"}]}, {"Condition": "Yes"}]}, True),
    ],
)
def test_conditions_know_every_function(condition: dict[str, Any], truth: bool) -> None:
    template = {"Conditions": {"Asked": condition, "Yes": {"Fn::Equals": ["a", "a"]}}}
    assert evaluator(resolve)(template, {})["Asked"] is truth
