"""Evaluator of a template's `Conditions`, with every function that CloudFormation allows there.

The emulator's own evaluator lacks Fn::Join, which the CDK's bootstrap template uses, and pseudo
parameters.
"""

from collections.abc import Callable
from typing import Any

Resolve = Callable[..., Any]


def evaluator(resolve: Resolve) -> Callable[[dict[str, Any], dict[str, Any]], dict[str, bool]]:
    """Returns a function that evaluates a template's conditions for parameter values.

    Args:
        resolve: resolver of intrinsic functions, in the emulator's signature.
    """

    def evaluate(template: dict[str, Any], parameters: dict[str, Any]) -> dict[str, bool]:
        definitions, mappings = template.get("Conditions", {}), template.get("Mappings", {})

        def value(node: Any) -> str:
            return str(resolve(node, {}, parameters, {}, mappings, "", ""))

        return {name: _truth(definition, definitions, value) for name, definition in definitions.items()}

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
