"""Integration of recorded types with the emulator's CloudFormation engine.

This module and `corrections` replace private names of the emulator.
"""

import inspect
from collections.abc import Callable
from typing import Any

from ministack.core import responses
from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, engine, handlers, provisioners, stacks

from tools.local_aws import ACCOUNT, corrections
from tools.local_aws.intrinsics import evaluator, with_stack_outputs
from tools.local_aws.stub import CUSTOM_TYPES, Register, custom_recorder, either, recorder
from tools.provider_schemas import (
    Properties,
    UnknownResourceTypeError,
    resource_schema,
    resource_types,
)

# Schemas of the region with all types. The gate checks that the stack's region has the type.
_SCHEMA_REGION = "us-east-1"
_ALARM = "AWS::CloudWatch::Alarm"


class InvalidPropertiesError(ValueError):
    """Properties that CloudFormation would reject."""


def install(register: Register) -> None:
    """Add recorded types and corrections to the emulator, once before it serves.

    Args:
        register: register of types without an engine.
    """
    _record_missing_types(register)
    corrections.install()
    _check_against_schemas()
    _resolve_as_cloudformation_does()
    _note_what_policies_keep(register)


def is_in_progress(region: str, stack: str) -> bool:
    """Return whether an operation on a stack runs.

    Args:
        region: region of the stack.
        stack: name or id of the stack.
    """
    name = stack.split("/")[1] if stack.startswith("arn:") else stack
    found = cloudformation._stacks.get_scoped(ACCOUNT, region, name) or {}
    status = str(found.get("StackStatus", ""))
    # A stack under review waits for its change set; no operation runs.
    return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


def stack_states() -> list[dict[str, Any]]:
    """Return region, name, status and number of finished resources of each existing stack."""
    return [
        {
            "region": region,
            "name": name,
            "status": stack["StackStatus"],
            "finished": _finished(stack),
        }
        for (_account, region, name), stack in list(cloudformation._stacks._data.items())
        if stack["StackStatus"] != "DELETE_COMPLETE"
    ]


def _finished(stack: dict[str, Any]) -> int:
    entries = list(stack.get("_resources", {}).values())
    return sum(entry.get("ResourceStatus", "").endswith("_COMPLETE") for entry in entries)


def _record_missing_types(register: Register) -> None:
    """Record all types that the emulator lacks, by a rule instead of a list."""
    known = provisioners._RESOURCE_HANDLERS
    for resource_type in resource_types(_SCHEMA_REGION):
        if resource_type not in known and not resource_type.startswith("AWS::CloudFormation::"):
            known[resource_type] = recorder(register, resource_type)
    for resource_type in CUSTOM_TYPES:
        known[resource_type] = custom_recorder(register, resource_type)
    # The emulator stores one metric per alarm and drops expressions.
    known[_ALARM] = either(
        recorder(register, _ALARM),
        known[_ALARM],
        is_recorded=lambda alarm: bool(alarm.get("Metrics")),
    )


def _check_against_schemas() -> None:
    provision, update = stacks._provision_resource, stacks._update_resource

    def checked_provision(
        resource_type: str, logical_id: str, properties: Properties, stack: str
    ) -> Any:
        _require_valid(resource_type, properties)
        return _with_own_properties(
            provision(resource_type, logical_id, properties, stack), properties
        )

    def checked_update(
        resource_type: str, identifier: str, old: Properties, new: Properties, *rest: Any
    ) -> Any:
        _require_valid(resource_type, new)
        return _with_own_properties(update(resource_type, identifier, old, new, *rest), new)

    stacks._provision_resource, stacks._update_resource = checked_provision, checked_update


def _require_valid(resource_type: str, properties: Properties) -> None:
    try:
        schema = resource_schema(responses.get_region(), resource_type)
    except UnknownResourceTypeError as unknown:
        if resource_type.startswith(("Custom::", "AWS::CDK::", "AWS::CloudFormation::")):
            return
        raise InvalidPropertiesError(str(unknown)) from unknown
    problems = schema.problems(_without_stack_tags(properties))
    if problems:
        raise InvalidPropertiesError(
            f"Properties validation failed for {resource_type}: " + "; ".join(problems[:5])
        )


def _without_stack_tags(properties: Properties) -> Properties:
    """Return properties without CloudFormation's `aws:` tags, which templates must not set."""

    def own(value: Any) -> bool:
        return not (isinstance(value, dict) and str(value.get("Key", "")).startswith("aws:"))

    def kept(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: item
                for key, item in value.items()
                if not key.startswith("aws:cloudformation:")
            }
        return [item for item in value if own(item)] if isinstance(value, list) else value

    tags = {name: kept(value) for name, value in properties.items() if name.endswith("Tags")}
    added = {name for name, value in tags.items() if properties[name] and not value}
    return {name: tags.get(name, value) for name, value in properties.items() if name not in added}


def _with_own_properties(
    answer: tuple[str, dict[str, Any]], properties: Properties
) -> tuple[str, dict[str, Any]]:
    """Add attributes that repeat a property, such as a VPC's CidrBlock."""
    identifier, attributes = answer
    plain = {name: value for name, value in properties.items() if not isinstance(value, dict)}
    return identifier, {**plain, **(attributes or {})}


def _note_what_policies_keep(register: Register) -> None:
    """Keep the retained resources of a stack when a stack of the same name replaces its events."""
    add_event = stacks._add_event
    arguments_of = inspect.signature(add_event).bind

    def noted(*arguments: Any, **named: Any) -> None:
        event = arguments_of(*arguments, **named).arguments
        if event["status"] == "DELETE_SKIPPED":
            register.keep(
                stack=event["stack_name"],
                logical_id=event["logical_id"],
                type=event["resource_type"],
                identifier=event["physical_id"],
            )
        add_event(*arguments, **named)

    stacks._add_event = noted


def _resolve_as_cloudformation_does() -> None:
    resolve = with_stack_outputs(
        engine._resolve_refs,
        stacks=cloudformation._stacks,
        account=responses.get_account_id,
        region=responses.get_region,
    )
    _replace("_resolve_refs", resolve)
    _replace("_evaluate_conditions", evaluator(resolve))


def _replace(name: str, function: Callable[..., Any]) -> None:
    """Replace a function of the engine in all modules that import it by name."""
    original = getattr(engine, name)
    for module in (engine, changesets, handlers, provisioners, stacks):
        if getattr(module, name, None) is original:
            setattr(module, name, function)
