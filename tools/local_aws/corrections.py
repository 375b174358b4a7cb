"""Corrections of emulator defects that this app triggers. Each docstring describes one defect."""

import base64
import string
from collections.abc import Callable, Mapping, Set
from html import escape
from typing import Any

from ministack.core import responses
from ministack.services import alb, backup, cloudformation, cloudwatch_logs, eks, elasticache, route53, s3, secretsmanager, sns
from ministack.services.cloudformation import changesets, handlers, provisioners, stacks

from tools.local_aws.public_zones import EXISTING

PATCHED_NAMES: dict[str, tuple[str, ...]] = {
    "ministack.services.alb": ("_action_xml",),
    "ministack.services.backup": ("_vaults",),
    "ministack.services.cloudwatch_logs": ("_log_groups",),
    "ministack.services.cloudformation.changesets": ("_resolve_props_for_diff", "_diff_resources"),
    "ministack.services.cloudformation.provisioners": (
        "_physical_name",
        "_NAME_SEED",
        "_elbv2_listener_actions",
        "_normalize_container_defs",
        "_sm_secret_string",
    ),
    "ministack.services.eks": ("_VALID_ACCESS_ENTRY_TYPES", "_associate_access_policy", "_access_entries", "_ae_key"),
    "ministack.services.elasticache": ("_user_xml",),
    "ministack.services.route53": ("_create_hosted_zone", "_zones", "_records", "_caller_refs"),
    "ministack.services.s3": ("_bucket_tags",),
    "ministack.services.secretsmanager": ("_resolve", "_secrets"),
    "ministack.services.sns": ("_topics",),
}

Properties = dict[str, Any]


def install() -> None:
    """Applies all corrections. Call once, before the emulator serves."""
    _keep_bucket_tags()
    _know_entries_of_auto_mode()
    _escape_access_strings()
    _encode_search_strings()
    _keep_topic_keys()
    _name_secrets_by_arn()
    _see_changed_outputs()
    _keep_imported_exports()
    _name_anew_with_each_creation()
    _refuse_names_that_are_taken()
    _give_existing_zones_their_id()
    _keep_weighted_groups()
    _spell_containers_as_the_api()
    _generate_without_punctuation()


def creation_of(stack: str) -> str:
    """Returns the stack's id, which is new each time the stack is created; empty if it does not
    exist.
    """
    found = cloudformation._stacks.get_scoped(responses.get_account_id(), responses.get_region(), stack) or {}
    return str(found.get("StackId", ""))


def _name_anew_with_each_creation() -> None:
    """Generated names depend on the stack's name only, so resources retained from an earlier stack
    collide.
    """
    generate, seed = provisioners._physical_name, provisioners._NAME_SEED

    def anew(stack: str, *arguments: Any, **options: Any) -> str:
        token = seed.set(seed.get() + creation_of(stack))
        try:
            return str(generate(stack, *arguments, **options))
        finally:
            seed.reset(token)

    provisioners._physical_name = anew


def _refuse_names_that_are_taken() -> None:
    """A vault or log group with an existing name is taken over; AWS rejects the creation."""
    for resource_type, name, held in (
        ("AWS::Backup::BackupVault", "BackupVaultName", backup._vaults),
        ("AWS::Logs::LogGroup", "LogGroupName", cloudwatch_logs._log_groups),
    ):
        handler = provisioners._RESOURCE_HANDLERS[resource_type]
        handler["create"] = _unless_taken(handler["create"], resource_type, name, held)


def _unless_taken(create: Callable[..., Any], resource_type: str, name: str, held: Any) -> Callable[..., Any]:
    def created(logical_id: str, properties: Properties, stack: str) -> Any:
        if properties.get(name) in held:
            raise ValueError(f"Resource of type '{resource_type}' with identifier '{properties[name]}' already exists.")
        return create(logical_id, properties, stack)

    return created


def _keep_weighted_groups() -> None:
    """A rule with two weighted target groups, which blue/green deployments need, keeps the first
    only.
    """
    actions, written = provisioners._elbv2_listener_actions, alb._action_xml

    def weighted(properties: Properties, balancer: str | None, prop: str = "DefaultActions") -> list[Properties]:
        entries: list[Properties] = actions(properties, balancer, prop)
        asked = [action for action in properties.get(prop) or [] if isinstance(action, dict)]
        for entry, action in zip(entries, asked, strict=True):
            if "ForwardConfig" in action:
                entry["ForwardConfig"] = action["ForwardConfig"]
        return entries

    def with_groups(action: Properties) -> str:
        xml = str(written(action))
        groups = "".join(
            f"<member><TargetGroupArn>{group['TargetGroupArn']}</TargetGroupArn><Weight>{group.get('Weight', 1)}</Weight></member>"
            for group in action.get("ForwardConfig", {}).get("TargetGroups", [])
        )
        return (
            xml.removesuffix("</member>") + f"<ForwardConfig><TargetGroups>{groups}</TargetGroups></ForwardConfig></member>"
            if groups
            else xml
        )

    provisioners._elbv2_listener_actions, alb._action_xml = weighted, with_groups


def _spell_containers_as_the_api() -> None:
    """Nested keys of container definitions keep CloudFormation's capitals, so responses omit them."""
    provisioners._normalize_container_defs = lambda containers: [spelled_as_the_api(container) for container in containers]


_OF_THE_AUTHOR = ("Options", "DockerLabels")
"""Maps of a container definition with user-defined keys."""


def spelled_as_the_api(value: Any) -> Any:
    """Returns a template's container definition with the keys of ECS's API."""
    if isinstance(value, list):
        return [spelled_as_the_api(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key[:1].lower() + key[1:]: item if key in _OF_THE_AUTHOR else spelled_as_the_api(item) for key, item in value.items()}


def _generate_without_punctuation() -> None:
    """`ExcludePunctuation` is ignored, and such passwords break URLs that the emulator parses."""
    generate = provisioners._sm_secret_string
    provisioners._sm_secret_string = lambda properties: generate(without_punctuation(properties))


def without_punctuation(properties: Properties) -> Properties:
    """Replaces `ExcludePunctuation` of a secret's properties by the characters that it excludes."""
    generated = properties.get("GenerateSecretString") or {}
    if str(generated.get("ExcludePunctuation", False)).lower() != "true":
        return properties
    excluded = generated.get("ExcludeCharacters", "") + string.punctuation
    return {**properties, "GenerateSecretString": {**generated, "ExcludeCharacters": excluded}}


def _give_existing_zones_their_id() -> None:
    """A public zone exists before the stacks, which contain its id, but no API call sets a zone's
    id.
    """
    create = route53._create_hosted_zone

    def with_id(*arguments: Any) -> Any:
        answer = create(*arguments)
        for reference in [reference for reference in route53._caller_refs if reference.startswith(EXISTING)]:
            drawn, wanted = route53._caller_refs[reference], reference.removeprefix(EXISTING)
            if drawn != wanted:
                route53._zones[wanted] = {**route53._zones.pop(drawn), "id": wanted}
                route53._records[wanted] = route53._records.pop(drawn)
                route53._caller_refs[reference] = wanted
        return answer

    route53._create_hosted_zone = with_id


def _keep_bucket_tags() -> None:
    """Tags of buckets are dropped, and the CDK's auto-delete function empties only buckets with its
    tag.
    """
    bucket = provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]

    def tagged(function: Callable[..., Any], properties_at: int) -> Callable[..., Any]:
        def with_tags(*arguments: Any) -> Any:
            answer = function(*arguments)
            s3._bucket_tags[answer[0]] = {tag["Key"]: tag["Value"] for tag in arguments[properties_at].get("Tags") or []}
            return answer

        return with_tags

    bucket.update(create=tagged(bucket["create"], 1), update=tagged(bucket["update"], 2))


def _know_entries_of_auto_mode() -> None:
    """Nodes of Auto Mode need an access entry of type EC2 with a policy; only STANDARD entries
    accept one.
    """
    eks._VALID_ACCESS_ENTRY_TYPES = (*eks._VALID_ACCESS_ENTRY_TYPES, "EC2", "HYBRID_LINUX", "HYPERPOD_LINUX")
    associate = eks._associate_access_policy

    def associate_with_nodes(cluster: str, principal: str, body: Properties) -> Any:
        entry = eks._access_entries.get(eks._ae_key(cluster, principal)) or {}
        if entry.get("type") != "EC2":
            return associate(cluster, principal, body)
        entry["type"] = "STANDARD"
        try:
            return associate(cluster, principal, body)
        finally:
            entry["type"] = "EC2"

    eks._associate_access_policy = associate_with_nodes


def _escape_access_strings() -> None:
    """Access strings of Redis users may contain `&channel`, which is returned unescaped in XML."""
    written = elasticache._user_xml
    elasticache._user_xml = lambda user: written({**user, "AccessString": escape(user.get("AccessString", ""))})


def _encode_search_strings() -> None:
    """Templates hold the search text of a WAF rule, the API its Base64; the emulator stores the
    API's form.
    """
    web_acl = provisioners._RESOURCE_HANDLERS["AWS::WAFv2::WebACL"]
    create, update = web_acl["create"], web_acl["update"]
    web_acl["create"] = lambda logical_id, properties, stack: create(logical_id, with_encoded_search_strings(properties), stack)
    web_acl["update"] = lambda identifier, old, new, *rest: update(identifier, old, with_encoded_search_strings(new), *rest)


def _keep_topic_keys() -> None:
    """The KMS key of a topic is dropped."""
    topic = provisioners._RESOURCE_HANDLERS["AWS::SNS::Topic"]

    def encrypted(function: Callable[..., Any], properties_at: int) -> Callable[..., Any]:
        def with_key(*arguments: Any) -> Any:
            answer = function(*arguments)
            sns._topics[answer[0]]["attributes"]["KmsMasterKeyId"] = arguments[properties_at].get("KmsMasterKeyId", "")
            return answer

        return with_key

    topic.update(create=encrypted(topic["create"], 1), update=encrypted(topic["update"], 2))


def _name_secrets_by_arn() -> None:
    """`Ref` of a secret returns its name; policies and task definitions need its ARN."""
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


def with_encoded_search_strings(value: Any) -> Any:
    """Converts a web ACL's properties to the API's form."""
    if isinstance(value, list):
        return [with_encoded_search_strings(item) for item in value]
    if not isinstance(value, dict):
        return value
    plain = {key: with_encoded_search_strings(item) for key, item in value.items() if key not in ("SearchString", "SearchStringBase64")}
    if "SearchString" in value:
        plain["SearchString"] = base64.b64encode(str(value["SearchString"]).encode()).decode()
    elif "SearchStringBase64" in value:
        plain["SearchString"] = value["SearchStringBase64"]
    return plain


class _OutputsChanged(list[Properties]):
    """Empty list of resource changes for a change set that still changes the stack."""

    def __bool__(self) -> bool:
        return True


def _see_changed_outputs() -> None:
    """Change sets with changes of outputs only are rejected, so the stack that imports a new output
    fails.
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
    """An update may drop or change an export that another stack imports; AWS rejects it. A dropped
    export can still be imported.
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
        refuse_lost_exports(before, {export: entry["Value"] for export, entry in exports.items()}, imports)
        for dropped in before.keys() - exports.keys():
            cloudformation._exports.pop(dropped, None)
        return outputs, exports

    stacks._resolve_stack_outputs = resolved


def refuse_lost_exports(before: Mapping[str, str], now: Mapping[str, str], imports: Mapping[str, Set[str]]) -> None:
    """Raises a ValueError if an update drops or changes an export that another stack imports.

    Args:
        before: values of the stack's exports by name.
        now: values after the update.
        imports: names of imported exports by stack.
    """
    for export, value in before.items():
        users = [stack for stack, names in imports.items() if export in names]
        if users and now.get(export) != value:
            done = "updated" if export in now else "deleted"
            raise ValueError(f"Export {export} cannot be {done} as it is in use by {' and '.join(users)}")
