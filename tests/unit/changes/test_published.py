"""Values that a stack reads from resources that an update replaces."""

from typing import Any

from tools.changes.comparison import compare


def templates(**database: Any) -> dict[str, Any]:
    value = {
        "Type": "AWS::SSM::Parameter",
        "Properties": {
            "Name": "/dev/data/Host",
            "Value": {"Fn::GetAtt": ["Database", "Endpoint.Address"]},
        },
    }
    reader = {
        "Type": "Custom::DeployedValues",
        "Properties": {"ServiceToken": "f", "Path": "/dev/data", "Names": ["Host"]},
    }
    instance = {
        "Type": "AWS::RDS::DBInstance",
        "Properties": database,
        "DeletionPolicy": "Snapshot",
    }
    return {
        "data": {"Resources": {"Database": instance, "Parameter": value}},
        "eks-platform": {"Resources": {"DataValues0A1B2C3D": reader}},
    }


def found(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    return [
        change.detail + change.advice
        for change in compare(before, now)
        if change.stack == "eks-platform"
    ]


def test_values_of_replaced_resources_are_reported() -> None:
    (text,) = found(templates(Engine="mysql"), templates(Engine="mariadb"))
    assert "Host keeps the value of data/Database, which is replaced" in text
    assert '-c again="DataValues <time>" <env>/eks-platform' in text


def test_values_of_changed_resources_stay() -> None:
    assert found(templates(AllocatedStorage="20"), templates(AllocatedStorage="30")) == []


def test_first_reading_is_no_finding() -> None:
    before, now = templates(Engine="mysql"), templates(Engine="mariadb")
    assert [text for text in found({"data": before["data"]}, now) if "keeps" in text] == []


def test_values_of_other_resources_are_reported() -> None:
    """CloudFormation calls the function again for other names only."""
    before, now = templates(Engine="mysql"), templates(Engine="mysql")
    resources = now["data"]["Resources"]
    resources["Other"] = resources["Database"]
    resources["Parameter"]["Properties"]["Value"] = {"Fn::GetAtt": ["Other", "Endpoint.Address"]}
    (text,) = found(before, now)
    assert "Host keeps the value of data/Database, and CloudFormation does not read" in text
    assert '-c again="DataValues <time>" <env>/eks-platform' in text


def test_deleted_values_are_reported() -> None:
    before, now = templates(Engine="mysql"), templates(Engine="mysql")
    resources = now["data"]["Resources"]
    resources["OtherParameter"] = resources.pop("Parameter")
    resources["OtherParameter"]["Properties"]["Name"] = "/dev/data/OtherHost"
    now["eks-platform"]["Resources"]["DataValues0A1B2C3D"]["Properties"]["Names"] = ["OtherHost"]
    text = next(text for text in found(before, now) if "deleted" in text)
    assert "Host is deleted with its resource before eks-platform uses another" in text
    assert "--exclusively <env>/eks-platform" in text
