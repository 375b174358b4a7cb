"""Integration of the handlers with the emulator's CloudFormation engine; this module and
`corrections` replace private names.
"""

import inspect
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from uuid import uuid4

from ministack.core import responses
from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, engine, handlers, provisioners, stacks

from tools.local_aws import ACCOUNT, alarms, corrections
from tools.local_aws.conditions import evaluator
from tools.local_aws.handlers import SERVICE_HANDLERS
from tools.local_aws.master_secret import with_master_secret
from tools.local_aws.provider_schemas import Properties, PropertyPath, UnknownResourceTypeError, resource_schema, resource_types
from tools.local_aws.provisioning import Handler, Made, Resource
from tools.local_aws.stack_outputs import with_stack_outputs
from tools.local_aws.stub import CUSTOM_TYPES, Register, recorded, recorded_custom_resource

# Schemas of the region with every type. The gate checks that the stack's own region has the type.
_SCHEMA_REGION = "us-east-1"

# Every name of ministack, and of its server, that is replaced or called. The contract test looks up
# each of them in the pinned version.
PATCHED_NAMES: dict[str, tuple[str, ...]] = {
    **corrections.PATCHED_NAMES,
    "hypercorn.asyncio": ("serve",),
    "ministack.app": ("app", "main"),
    "ministack.core.responses": ("get_account_id", "get_region", "_account_from_sts_session"),
    "ministack.services.cloudformation": ("_exports", "_stacks"),
    "ministack.services.cloudformation.changesets": (
        *corrections.PATCHED_NAMES["ministack.services.cloudformation.changesets"],
        "_resolve_refs",
        "_evaluate_conditions",
    ),
    "ministack.services.cloudformation.engine": ("_resolve_refs", "_evaluate_conditions"),
    "ministack.services.cloudformation.handlers": ("_resolve_refs", "_evaluate_conditions", "_imported_export_names"),
    "ministack.services.cloudformation.provisioners": (
        *corrections.PATCHED_NAMES["ministack.services.cloudformation.provisioners"],
        "_RESOURCE_HANDLERS",
        "_REPLACING_PROPERTIES",
    ),
    "ministack.services.cloudformation.stacks": (
        "_resolve_refs",
        "_evaluate_conditions",
        "_provision_resource",
        "_update_resource",
        "_runs_on_worker_thread",
        "_add_event",
        "_resolve_stack_outputs",
    ),
}


class InvalidPropertiesError(ValueError):
    """CloudFormation would reject the resource's properties."""


def install(register: Register, *, endpoint: str) -> None:
    """Adds handlers and corrections to the emulator. Call once, before it serves.

    Args:
        register: register of types without an engine.
        endpoint: loopback URL of the emulator.
    """
    ours = _our_handlers(register)
    for resource_type, handler in ours.items():
        _bind(resource_type, handler, endpoint)
    _bind_recorded_types(register, endpoint)
    corrections.install()
    _run_on_worker_threads({*ours, *_extend_with_master_secret(endpoint)})
    _check_against_schemas()
    _resolve_as_cloudformation_does()
    _note_what_policies_keep(register)


def is_in_progress(region: str, stack: str) -> bool:
    """Returns True while an operation on a stack runs.

    Args:
        region: region of the stack.
        stack: its name or its id.
    """
    name = stack.split("/")[1] if stack.startswith("arn:") else stack
    found = cloudformation._stacks.get_scoped(ACCOUNT, region, name) or {}
    status = str(found.get("StackStatus", ""))
    # A stack under review waits for its change set; no operation runs.
    return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


def _our_handlers(register: Register) -> dict[str, Handler]:
    custom = dict.fromkeys(CUSTOM_TYPES, recorded_custom_resource(register))
    composite = {"AWS::CloudWatch::CompositeAlarm": alarms.composite_alarm(SERVICE_HANDLERS["AWS::CloudWatch::CompositeAlarm"], register)}
    return {**SERVICE_HANDLERS, **composite, **custom}


def _bind_recorded_types(register: Register, endpoint: str) -> None:
    """Handlers by resource type. Types without one are recorded by a rule, so no list can be
    incomplete.
    """
    known = provisioners._RESOURCE_HANDLERS
    for resource_type in resource_types(_SCHEMA_REGION):
        if resource_type not in known and not resource_type.startswith("AWS::CloudFormation::"):
            _bind(resource_type, recorded(register), endpoint)
    alarm = "AWS::CloudWatch::Alarm"
    _bind(alarm, alarms.metric_alarm(_emulators_own(alarm), register), endpoint)


def _emulators_own(resource_type: str) -> Handler:
    """Adapts a handler of the emulator."""
    own = provisioners._RESOURCE_HANDLERS[resource_type]

    def made(answer: tuple[str, dict[str, Any]]) -> Made:
        return Made(identifier=answer[0], attributes=answer[1] or {})

    def update(resource: Resource, identifier: str, old: Properties) -> Made:
        by_logical_id = (resource.logical_id,) if own.get("update_with_logical_id") else ()
        return made(own["update"](identifier, old, resource.properties, resource.stack, *by_logical_id))

    return Handler(
        create=lambda resource: made(own["create"](resource.logical_id, resource.properties, resource.stack)),
        update=update if "update" in own else None,
        delete=lambda resource, identifier: own["delete"](identifier, resource.properties),
    )


def _bind(resource_type: str, handler: Handler, endpoint: str) -> None:
    resource = partial(_resource, resource_type, endpoint)
    nested = _nested_create_only(resource_type)

    def create(logical_id: str, properties: Properties, stack: str) -> tuple[str, dict[str, Any]]:
        made = handler.create(resource(logical_id, properties, stack))
        return made.identifier, made.attributes

    def update(identifier: str, old: Properties, new: Properties, stack: str, logical_id: str) -> tuple[str, dict[str, Any]]:
        if handler.update is None or any(_at(old, path) != _at(new, path) for path in nested):
            # The replacement exists next to the old resource until the cleanup.
            provisioners._NAME_SEED.set(uuid4().hex[:8])
            return create(logical_id, new, stack)
        made = handler.update(resource(logical_id, new, stack), identifier, old)
        return made.identifier, made.attributes

    def delete(identifier: str, properties: Properties, logical_id: str | None = None) -> None:
        handler.delete(resource(logical_id or "", properties, ""), identifier)

    provisioners._RESOURCE_HANDLERS[resource_type] = {
        "create": create,
        "update": update,
        "update_with_logical_id": True,
        "delete": delete,
        "delete_with_logical_id": True,
    }
    if resource_type not in provisioners._REPLACING_PROPERTIES:
        provisioners._REPLACING_PROPERTIES[resource_type] = tuple(path[0] for path in _create_only(resource_type) if len(path) == 1)


def _resource(resource_type: str, endpoint: str, logical_id: str, properties: Properties, stack: str) -> Resource:
    return Resource(
        type=resource_type,
        account=responses.get_account_id(),
        region=responses.get_region(),
        endpoint=endpoint,
        stack=stack,
        logical_id=logical_id,
        properties=properties,
        seed=provisioners._NAME_SEED.get(),
        creation=corrections.creation_of(stack),
    )


def _create_only(resource_type: str) -> list[PropertyPath]:
    return [] if resource_type.startswith("Custom::") else _schema_of(resource_type).create_only


def _nested_create_only(resource_type: str) -> list[PropertyPath]:
    return [path for path in _create_only(resource_type) if len(path) > 1 and "*" not in path]


def _schema_of(resource_type: str) -> Any:
    return resource_schema(_SCHEMA_REGION, resource_type)


def _at(properties: Any, path: PropertyPath) -> Any:
    for name in path:
        properties = properties.get(name) if isinstance(properties, dict) else None
    return properties


def _extend_with_master_secret(endpoint: str) -> list[str]:
    name = "AWS::RDS::DBInstance"
    _bind(name, with_master_secret(_emulators_own(name)), endpoint)
    return [name]


def _run_on_worker_threads(types: Iterable[str]) -> None:
    """Runs handlers in a thread: they call the emulator's API, which its event loop must serve."""
    original, ours = stacks._runs_on_worker_thread, frozenset(types)
    stacks._runs_on_worker_thread = lambda resource_type: resource_type in ours or original(resource_type)


def _check_against_schemas() -> None:
    provision, update = stacks._provision_resource, stacks._update_resource

    def checked_provision(resource_type: str, logical_id: str, properties: Properties, stack: str) -> Any:
        _require_valid(resource_type, properties)
        return _with_own_properties(provision(resource_type, logical_id, properties, stack), properties)

    def checked_update(resource_type: str, identifier: str, old: Properties, new: Properties, *rest: Any) -> Any:
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
        raise InvalidPropertiesError(f"Properties validation failed for {resource_type}: " + "; ".join(problems[:5]))


def _without_stack_tags(properties: Properties) -> Properties:
    """Returns CloudFormation's own `aws:` tags, which templates must not set."""

    def own(value: Any) -> bool:
        return not (isinstance(value, dict) and str(value.get("Key", "")).startswith("aws:"))

    def kept(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: item for key, item in value.items() if not key.startswith("aws:cloudformation:")}
        return [item for item in value if own(item)] if isinstance(value, list) else value

    tags = {name: kept(value) for name, value in properties.items() if name.endswith("Tags")}
    added = {name for name, value in tags.items() if properties[name] and not value}
    return {name: tags.get(name, value) for name, value in properties.items() if name not in added}


def _with_own_properties(answer: tuple[str, dict[str, Any]], properties: Properties) -> tuple[str, dict[str, Any]]:
    """Returns attributes that repeat a property, such as a VPC's CidrBlock."""
    identifier, attributes = answer
    return identifier, {**{name: value for name, value in properties.items() if not isinstance(value, dict)}, **(attributes or {})}


def _note_what_policies_keep(register: Register) -> None:
    """Keeps the retained resources of a stack when a stack of the same name replaces its events."""
    add_event = stacks._add_event
    arguments_of = inspect.signature(add_event).bind

    def noted(*arguments: Any, **named: Any) -> None:
        event = arguments_of(*arguments, **named).arguments
        if event["status"] == "DELETE_SKIPPED":
            register.keep(
                stack=event["stack_name"],
                logical_id=event["logical_id"],
                resource_type=event["resource_type"],
                identifier=event["physical_id"],
            )
        add_event(*arguments, **named)

    stacks._add_event = noted


def _resolve_as_cloudformation_does() -> None:
    resolve = with_stack_outputs(
        engine._resolve_refs, stacks=cloudformation._stacks, account=responses.get_account_id, region=responses.get_region
    )
    _replace("_resolve_refs", resolve)
    _replace("_evaluate_conditions", evaluator(resolve))


def _replace(name: str, function: Callable[..., Any]) -> None:
    """Replaces a function of the engine in every module that imported it by name."""
    original = getattr(engine, name)
    for module in (engine, changesets, handlers, provisioners, stacks):
        if getattr(module, name, None) is original:
            setattr(module, name, function)
