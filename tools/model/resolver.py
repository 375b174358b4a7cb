"""Intrinsic functions of CloudFormation, resolved across the stacks of an assembly."""

import json
import re
from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any, NamedTuple

from tools.model.values import ACCOUNT, Json, rebuilt

_PLACEHOLDER = re.compile(r"\$\{([^}!]+)\}")
"""Reference in the text of `Fn::Sub`."""


class Place(NamedTuple):
    """Attribute of a resource.

    Args:
        stack: id of the stack, such as `data`.
        id: logical id.
        attribute: name of the attribute; empty for `Ref`.
    """

    stack: str
    id: str
    attribute: str = ""


class Resolver:
    """Values of templates with their intrinsic functions resolved."""

    templates: Mapping[str, Json]
    """Templates by stack id."""

    @property
    def stack_prefix(self) -> str:
        """Prefix of stack names in CloudFormation."""
        return ""

    def pseudo(self, stack: str) -> Mapping[str, str]:
        """Return example values of the pseudo parameters of a stack."""
        return {
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": "aws",
            "AWS::Region": "sa-east-1",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": self.stack_prefix + stack,
        }

    def named(self, place: Place) -> str:
        """Return a text for an attribute that AWS assigns."""
        return ".".join(filter(None, place))

    def value(self, stack: str, value: Any) -> Any:
        """Return a value with all intrinsic functions resolved to text."""
        if isinstance(value, dict) and is_intrinsic(value):
            return self.text(stack, value)
        return rebuilt(value, partial(self.value, stack))

    def text(self, stack: str, value: Any) -> str:
        """Return a value as text, with example pseudo parameters and with `named` references."""
        match value:
            case {"Fn::Join": [separator, parts]}:
                return str(separator).join(self.text(stack, part) for part in parts)
            case {"Fn::Sub": argument}:
                return self._substituted(stack, argument)
            case {"Fn::Select": [index, parts]}:
                return self._selected(stack, int(index), parts)
            case dict():
                return self._referred(stack, value)
            case _:
                return json.dumps(value) if isinstance(value, list | bool) else str(value)

    def _referred(self, stack: str, value: Mapping[str, Any]) -> str:
        if value.keys() <= {"Fn::ImportValue", "Fn::GetStackOutput"}:
            return self.text(*self._output(value))
        if value.keys() == {"Ref"} and (read := self._parameter(stack, value["Ref"])):
            return self.text(*read)
        place = self.place(stack, value)
        if place is None:
            return json.dumps(value, sort_keys=True)
        return self.pseudo(place.stack).get(place.id) or self.named(place)

    def place(self, stack: str, value: Any) -> Place | None:
        """Return the attribute behind an intrinsic function, through outputs and exports.

        None for any other value.
        """
        if not isinstance(value, dict) or len(value) != 1:
            return None
        ((function, argument),) = value.items()
        match function:
            case "Ref":
                return Place(stack, str(argument))
            case "Fn::GetAtt":
                id_, attribute = (
                    argument if isinstance(argument, list) else str(argument).split(".", maxsplit=1)
                )
                published = self._published(stack, id_, attribute)
                return self.place(*published) if published else Place(stack, id_, attribute)
            case "Fn::ImportValue" | "Fn::GetStackOutput":
                return self.place(*self._output(value))
            case _:
                return None

    def _output(self, reference: Mapping[str, Any]) -> tuple[str, Any]:
        """Stack and value of a referenced output."""
        if "Fn::ImportValue" in reference:
            return self._outputs["", reference["Fn::ImportValue"]]
        named = reference["Fn::GetStackOutput"]
        return self._outputs[named["StackName"], named["OutputName"]]

    @cached_property
    def _outputs(self) -> dict[tuple[str, str], tuple[str, Any]]:
        """Stack and value by names of stack and output, and by name of an export."""
        found: dict[tuple[str, str], tuple[str, Any]] = {}
        for stack, template in self.templates.items():
            for name, output in template.get("Outputs", {}).items():
                found[self.stack_prefix + stack, name] = stack, output["Value"]
                if "Export" in output:
                    found["", output["Export"]["Name"]] = stack, output["Value"]
        return found

    def _parameter(self, stack: str, name: str) -> tuple[str, Any] | None:
        """Stack and value of the Parameter Store parameter behind a template parameter."""
        parameter = self.templates[stack].get("Parameters", {}).get(name, {"Type": ""})
        if parameter["Type"].startswith("AWS::SSM::Parameter::Value"):
            return self._written.get(parameter.get("Default"))
        return None

    def _published(self, stack: str, id_: str, attribute: str) -> tuple[str, Any] | None:
        """Stack and value of the Parameter Store parameter behind a custom resource's attribute."""
        resource = self.templates[stack].get("Resources", {}).get(id_, {"Type": ""})
        return (
            self._written.get(f"{resource['Properties']['Path']}/{attribute}")
            if resource["Type"] == "Custom::DeployedValues"
            else None
        )

    @cached_property
    def _written(self) -> dict[str, tuple[str, Any]]:
        """Stack and value by name of a Parameter Store parameter."""
        return {
            name: (stack, resource["Properties"]["Value"])
            for stack, template in self.templates.items()
            for resource in template["Resources"].values()
            if resource["Type"] == "AWS::SSM::Parameter"
            and isinstance(name := resource.get("Properties", {}).get("Name"), str)
        }

    def _substituted(self, stack: str, argument: Any) -> str:
        template, given = argument if isinstance(argument, list) else (argument, {})

        def value(match: re.Match[str]) -> str:
            name = match[1]
            return self.text(
                stack, given.get(name, {"Fn::GetAtt": name} if "." in name else {"Ref": name})
            )

        return _PLACEHOLDER.sub(value, template)

    def _selected(self, stack: str, index: int, parts: Any) -> str:
        """One element of a list, or of a text.

        The index is appended to a text without elements before deployment.
        """
        if isinstance(parts, list):
            return self.text(stack, parts[index])
        if not isinstance(parts, dict) or "Fn::Split" not in parts:
            return json.dumps({"Fn::Select": [index, parts]}, sort_keys=True)
        separator, whole = parts["Fn::Split"]
        text = self.text(stack, whole)
        pieces = text.split(separator)
        return pieces[index] if index < len(pieces) else f"{text}[{index}]"


def is_intrinsic(value: Mapping[str, Any]) -> bool:
    """Return whether a mapping is an intrinsic function."""
    return len(value) == 1 and all(name == "Ref" or name.startswith("Fn::") for name in value)


def references_in(text: str) -> list[str]:
    """Return the references in the text of `Fn::Sub`."""
    return _PLACEHOLDER.findall(text)
