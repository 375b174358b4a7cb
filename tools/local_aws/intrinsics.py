"""Intrinsic functions that the emulator lacks.

They are `Fn::GetStackOutput` of stacks in any region, and the functions of `Conditions`, such as
Fn::Join in the CDK's bootstrap template, with pseudo parameters.
"""

from collections.abc import Callable
from typing import Any

Resolve = Callable[..., Any]


class UnresolvableOutputError(ValueError):
    """Missing or unreadable output.

    CloudFormation fails the resource with this message.
    """


def with_stack_outputs(
    resolve: Resolve, *, stacks: Any, account: Callable[[], str], region: Callable[[], str]
) -> Resolve:
    """Wrap the emulator's resolver of intrinsic functions, which finds only stacks of one region.

    Args:
        resolve: resolver of the emulator; its first argument is the value, the others resolve
            references.
        stacks: the emulator's stacks, by account, region and name.
        account: account id of the current request.
        region: region of the current request.
    """

    def resolved(value: Any, *context: Any) -> Any:
        if not (isinstance(value, dict) and set(value) == {"Fn::GetStackOutput"}):
            return resolve(value, *context)
        asked = {
            name: resolved(part, *context) for name, part in value["Fn::GetStackOutput"].items()
        }
        if "RoleArn" in asked:
            raise UnresolvableOutputError(
                "Fn::GetStackOutput with RoleArn reads another account. "
                "The embedded AWS has one account only."
            )
        return _output(
            stacks,
            account(),
            asked.get("Region") or region(),
            asked["StackName"],
            asked["OutputName"],
        )

    return resolved


def _output(stacks: Any, account: str, region: str, stack_name: str, output_name: str) -> str:
    stack = stacks.get_scoped(account, region, stack_name) or {}
    if stack.get("StackStatus", "DELETE_COMPLETE") != "DELETE_COMPLETE":
        for output in stack.get("Outputs", []):
            if output["OutputKey"] == output_name:
                return str(output["OutputValue"])
    raise UnresolvableOutputError(
        f"Output '{output_name}' of stack '{stack_name}' not found in {region}"
    )


def evaluator(resolve: Resolve) -> Callable[[dict[str, Any], dict[str, Any]], dict[str, bool]]:
    """Return a function that evaluates a template's conditions for parameter values.

    Args:
        resolve: resolver of intrinsic functions, with the emulator's signature.
    """

    def evaluate(template: dict[str, Any], parameters: dict[str, Any]) -> dict[str, bool]:
        definitions, mappings = template.get("Conditions", {}), template.get("Mappings", {})

        def value(node: Any) -> str:
            return str(resolve(node, {}, parameters, {}, mappings, "", ""))

        return {
            name: _truth(definition, definitions, value) for name, definition in definitions.items()
        }

    return evaluate


def _truth(node: Any, definitions: dict[str, Any], value: Callable[[Any], str]) -> bool:
    if not isinstance(node, dict):
        return str(node).lower() == "true"
    ((function, argument),) = node.items()
    if function == "Condition":
        return _truth(definitions[argument], definitions, value)
    if function == "Fn::Equals":
        return value(argument[0]) == value(argument[1])
    truths = (_truth(part, definitions, value) for part in argument)
    if function == "Fn::Not":
        return not next(truths)
    return all(truths) if function == "Fn::And" else any(truths)
