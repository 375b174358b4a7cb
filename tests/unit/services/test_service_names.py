"""Names of ECS services, written to and read from Parameter Store."""

from typing import Any

import aws_cdk as cdk
from aws_cdk.assertions import Template

from spotmusic_constructs.services.service_names import ServiceNames, published_names

PATH = "/spotmusic/test/services"
NAMES = {
    f"{'a' * 22}{number:02}": f"{'s' * 35}-{'a' * 22}{number:02}Service-{'X' * 30}-{number}"
    for number in range(40)
}
"""Forty services with names of maximum length."""


def resolved(value: Any, parameters: dict[str, str]) -> Any:
    if isinstance(value, dict):
        ((function, argument),) = value.items()
        if function == "Ref":
            return parameters[argument]
        argument = [resolved(item, parameters) for item in argument]
        return (
            argument[1][int(argument[0])]
            if function == "Fn::Select"
            else argument[1].split(argument[0])
        )
    return value


def test_service_names_arrive_as_written() -> None:
    writer = cdk.Stack()
    ServiceNames(writer, "Names", path=PATH, service_names=NAMES)
    written = Template.from_stack(writer).find_resources("AWS::SSM::Parameter").values()
    values = {each["Properties"]["Name"]: each["Properties"]["Value"] for each in written}
    assert max(len(value) for value in values.values()) <= 4096

    reader = cdk.Stack()
    names = {
        name: reader.resolve(value)
        for name, value in published_names(reader, path=PATH, services=list(NAMES)).items()
    }
    declared = {
        key: values[each["Default"]]
        for key, each in Template.from_stack(reader).to_json()["Parameters"].items()
        if "Default" in each and key.startswith("ServiceNames")
    }
    assert {name: resolved(value, declared) for name, value in names.items()} == NAMES
