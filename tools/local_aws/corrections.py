"""Corrections of emulator defects that this app triggers."""

import json
import string
from collections.abc import Callable, Container, Mapping, Set
from html import escape
from typing import Any

from ministack.services import (
    backup,
    cloudformation,
    cloudwatch_logs,
    elasticache,
    lambda_svc,
    route53,
    s3,
    secretsmanager,
)
from ministack.services.cloudformation import changesets, handlers, provisioners, stacks

from tools.local_aws.public_zones import EXISTING

Properties = dict[str, Any]


def install() -> None:
    """Apply all corrections. Call it once, before the emulator serves."""
    _keep_bucket_tags()
    _escape_access_strings()
    _name_secrets_by_arn()
    _create_master_secrets()
    _see_changed_outputs()
    _keep_imported_exports()
    _name_anew_with_each_creation()
    _refuse_names_that_are_taken()
    _give_existing_zones_their_id()
    _spell_containers_as_the_api()
    _generate_without_punctuation()
    _create_no_named_log_group()


def _name_anew_with_each_creation() -> None:
    """Add the stack id to generated names, which depend only on the stack's name.

    New resources would otherwise collide with those retained from an earlier stack.
    """
    generate, seed = provisioners._physical_name, provisioners._NAME_SEED

    def anew(stack: str, *arguments: Any, **options: Any) -> str:
        found = cloudformation._stacks.get(stack) or {}
        token = seed.set(seed.get() + found.get("StackId", ""))  # the id is new with each creation
        try:
            return str(generate(stack, *arguments, **options))
        finally:
            seed.reset(token)

    provisioners._physical_name = anew


def _refuse_names_that_are_taken() -> None:
    """Reject existing names of vaults and log groups, as AWS does; the emulator adopts them."""
    for resource_type, name, held in (
        ("AWS::Backup::BackupVault", "BackupVaultName", backup._vaults),
        ("AWS::Logs::LogGroup", "LogGroupName", cloudwatch_logs._log_groups),
    ):
        handler = provisioners._RESOURCE_HANDLERS[resource_type]
        handler["create"] = _unless_taken(handler["create"], resource_type, name, held)


def _unless_taken(
    create: Callable[..., Any], resource_type: str, name: str, held: Any
) -> Callable[..., Any]:
    def created(logical_id: str, properties: Properties, stack: str) -> Any:
        if properties.get(name) in held:
            raise ValueError(
                f"Resource of type '{resource_type}' with identifier '{properties[name]}' "
                "already exists."
            )
        return create(logical_id, properties, stack)

    return created


def _spell_containers_as_the_api() -> None:
    """Convert nested keys of container definitions from CloudFormation's to the API's spelling.

    Responses omit keys with CloudFormation's capitals.
    """
    provisioners._normalize_container_defs = lambda containers: [
        spelled_as_the_api(container) for container in containers
    ]


_OF_THE_AUTHOR = ("Options", "DockerLabels")
"""Maps of a container definition with user-defined keys."""


def spelled_as_the_api(value: Any) -> Any:
    """Return a template's container definition with the keys of ECS's API."""
    if isinstance(value, list):
        return [spelled_as_the_api(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key[:1].lower() + key[1:]: item if key in _OF_THE_AUTHOR else spelled_as_the_api(item)
        for key, item in value.items()
    }


def _create_no_named_log_group() -> None:
    """Create no log group for an invocation that ends after the destruction of its stack.

    In AWS it lacks the right: a function with a log group in its configuration may only write.
    """
    write = lambda_svc._emit_lambda_logs

    def written(function: dict[str, Any], *arguments: Any, **options: Any) -> None:
        if logs_are_writable(function, cloudwatch_logs._log_groups):
            write(function, *arguments, **options)

    lambda_svc._emit_lambda_logs = written


def logs_are_writable(function: Mapping[str, Any], groups: Container[str]) -> bool:
    """Return whether the log group of a function exists or its configuration has none."""
    named = function.get("config", function).get("LoggingConfig", {}).get("LogGroup")
    return named is None or named in groups


def _generate_without_punctuation() -> None:
    """Apply `ExcludePunctuation`, because punctuation in passwords breaks URLs of the emulator."""
    generate = provisioners._sm_secret_string
    provisioners._sm_secret_string = lambda properties: generate(without_punctuation(properties))


def without_punctuation(properties: Properties) -> Properties:
    """Replace `ExcludePunctuation` of a secret by the characters that it excludes."""
    generated = properties.get("GenerateSecretString") or {}
    if str(generated.get("ExcludePunctuation", False)).lower() != "true":
        return properties
    excluded = generated.get("ExcludeCharacters", "") + string.punctuation
    return {**properties, "GenerateSecretString": {**generated, "ExcludeCharacters": excluded}}


def _give_existing_zones_their_id() -> None:
    """Set the id of existing public zones, which API calls cannot set.

    The stacks contain its id.
    """
    create = route53._create_hosted_zone

    def with_id(*arguments: Any) -> Any:
        answer = create(*arguments)
        for reference, drawn in list(route53._caller_refs.items()):
            wanted = reference.removeprefix(EXISTING)
            if reference.startswith(EXISTING) and drawn != wanted:
                route53._zones[wanted] = {**route53._zones.pop(drawn), "id": wanted}
                route53._records[wanted] = route53._records.pop(drawn)
                route53._caller_refs[reference] = wanted
        return answer

    route53._create_hosted_zone = with_id


def _keep_bucket_tags() -> None:
    """Keep tags of buckets, which the emulator drops.

    The CDK's auto-delete function empties only buckets with its tag.
    """
    bucket = provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]

    def tagged(function: Callable[..., Any], properties_at: int) -> Callable[..., Any]:
        def with_tags(*arguments: Any) -> Any:
            answer = function(*arguments)
            s3._bucket_tags[answer[0]] = {
                tag["Key"]: tag["Value"] for tag in arguments[properties_at].get("Tags") or []
            }
            return answer

        return with_tags

    bucket.update(create=tagged(bucket["create"], 1), update=tagged(bucket["update"], 2))


def _escape_access_strings() -> None:
    """Escape access strings of Redis users in XML, such as `&channel`."""
    written = elasticache._user_xml
    elasticache._user_xml = lambda user: written(
        {**user, "AccessString": escape(user.get("AccessString", ""))}
    )


def _name_secrets_by_arn() -> None:
    """Return the ARN for `Ref` of a secret, as policies and task definitions require."""
    secret = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    create, update, delete = secret["create"], secret["update"], secret["delete"]

    def by_arn(answer: tuple[str, Properties]) -> tuple[str, Properties]:
        return secretsmanager._secrets[answer[0]]["ARN"], answer[1]

    def name(arn: str) -> str:
        found, _record = secretsmanager._resolve(arn)
        return str(found or arn)

    secret["create"] = lambda *arguments: by_arn(create(*arguments))
    secret["update"] = lambda identifier, *rest: by_arn(update(name(identifier), *rest))
    secret["delete"] = lambda identifier, *rest: delete(name(identifier), *rest)


def _create_master_secrets() -> None:
    """Store master passwords of instances in secrets; the emulator does so for clusters only."""
    instance, secret = (
        provisioners._RESOURCE_HANDLERS[name]
        for name in ("AWS::RDS::DBInstance", "AWS::SecretsManager::Secret")
    )
    create, update, delete = instance["create"], instance["update"], instance["delete"]

    def with_secret(
        answer: tuple[str, Properties], properties: Properties, stack: str
    ) -> tuple[str, Properties]:
        identifier, attributes = answer
        if str(properties.get("ManageMasterUserPassword", False)).lower() != "true":
            return answer
        name = f"rds!db-{identifier}"
        if name not in secretsmanager._secrets:
            user = json.dumps({"username": properties.get("MasterUsername", "admin")})
            password = {
                "SecretStringTemplate": user,
                "GenerateStringKey": "password",
                "PasswordLength": 32,
                "ExcludePunctuation": True,
            }
            secret["create"]("", {"Name": name, "GenerateSecretString": password}, stack)
        arn = secretsmanager._secrets[name]["ARN"]
        return identifier, {**attributes, "MasterUserSecret.SecretArn": arn}

    def updated(
        identifier: str, old: Properties, new: Properties, stack: str, *rest: Any
    ) -> tuple[str, Properties]:
        return with_secret(update(identifier, old, new, stack, *rest), new, stack)

    def deleted(identifier: str, properties: Properties) -> None:
        delete(identifier, properties)
        secret["delete"](f"rds!db-{identifier}", {})

    instance["create"] = lambda logical_id, properties, stack: with_secret(
        create(logical_id, properties, stack), properties, stack
    )
    instance["update"], instance["delete"] = updated, deleted


class _OutputsChanged(list[Properties]):
    """Empty list of resource changes for a change set that still changes the stack."""

    def __bool__(self) -> bool:
        return True


def _see_changed_outputs() -> None:
    """Accept change sets with changes of outputs only, which the emulator rejects.

    A stack that imports a new output would fail.
    """
    resolve, differences = changesets._resolve_props_for_diff, changesets._diff_resources

    def with_outputs(template: Properties | None, *arguments: Any) -> Properties:
        return {**resolve(template, *arguments), "Outputs": (template or {}).get("Outputs", {})}

    def with_changed_outputs(old: Properties, new: Properties, *arguments: Any) -> list[Properties]:
        changes: list[Properties] = differences(old, new, *arguments)
        return changes if changes or old["Outputs"] == new["Outputs"] else _OutputsChanged()

    changesets._resolve_props_for_diff = with_outputs
    changesets._diff_resources = with_changed_outputs


def _keep_imported_exports() -> None:
    """Reject updates that remove or change an imported export, as AWS does.

    The emulator accepts them, and stacks can import a removed export.
    """
    resolve = stacks._resolve_stack_outputs

    def resolved(*arguments: Any) -> Any:
        outputs, exports = resolve(*arguments)
        name = arguments[-2]
        before = {
            output["ExportName"]: output["OutputValue"]
            for output in cloudformation._stacks[name].get("Outputs", [])
            if "ExportName" in output
        }
        imports = {
            other: handlers._imported_export_names(stack, other)
            for other, stack in cloudformation._stacks.items()
            if other != name and stack.get("StackStatus") != "DELETE_COMPLETE"
        }
        refuse_lost_exports(
            before, {export: entry["Value"] for export, entry in exports.items()}, imports
        )
        for dropped in before.keys() - exports.keys():
            cloudformation._exports.pop(dropped, None)
        return outputs, exports

    stacks._resolve_stack_outputs = resolved


def refuse_lost_exports(
    before: Mapping[str, str], now: Mapping[str, str], imports: Mapping[str, Set[str]]
) -> None:
    """Raise a ValueError if an update removes or changes an imported export.

    Args:
        before: values of the stack's exports by name.
        now: values after the update.
        imports: names of imported exports by stack.
    """
    for export, value in before.items():
        users = [stack for stack, names in imports.items() if export in names]
        if users and now.get(export) != value:
            done = "updated" if export in now else "deleted"
            raise ValueError(
                f"Export {export} cannot be {done} as it is in use by {' and '.join(users)}"
            )
