"""Exceptions from CloudFormation's schemas: updates that AWS refuses or handles differently."""

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from spotmusic_cdk.settings.regions import cache_memory_gib
from tools.changes.change import Change, Effect, Found
from tools.changes.replacement import named
from tools.changes.resources import HOLDS_DATA, KEPT
from tools.model.templates import Properties, Templates, of_type
from tools.model.values import numbers

RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"
_FOR_EVER = "It cannot be changed. Create another environment and migrate to it."
_FORWARD = "AWS does not downgrade. Keep the newer version."
_CHANGE_SET = (
    "Create a change set in dev and read `Replacement` in it. "
    "A replacement is rolled back, because other stacks import the endpoint."
)
_ENDS = re.compile(r'"(ExpirationInDays|NoncurrentDays)": (\d+)')
_RECOVERY = (
    "Existing recovery points keep their retention. "
    "Verify that law and docs/recovery.md require no more."
)
_ROLES = ("reader", "writer", "migrator", "owner")
"""Roles of database users, each with the rights of the one before."""
_BOTH_PATHS = "The running image must serve both paths during one deployment."


def changes(before: Templates, now: Templates) -> Iterator[Change]:
    """Yield the changes that a rule of this module detects.

    Args:
        before: deployed templates.
        now: templates of the coming deployment.
    """
    for stack in before.keys() & now.keys():
        old, new = before[stack]["Resources"], now[stack]["Resources"]
        for id_ in old.keys() & new.keys():
            type_ = new[id_]["Type"]
            found = [*_protection(old[id_], new[id_])]
            if rule := RULES.get(type_):
                found += rule(old[id_].get("Properties", {}), new[id_].get("Properties", {}))
            for effect, detail, advice in found:
                yield Change(effect, stack, id_, detail, advice, holds_data=type_ in HOLDS_DATA)
    for across in ACROSS:
        yield from across(before, now)


def _protection(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Found]:
    if old.get("DeletionPolicy") in KEPT and new.get("DeletionPolicy", "Delete") == "Delete":
        detail = f"{new['Type']} is deleted with its stack"
        advice = "Keep data.removal_policy: retain."
        yield Effect.LOSS, detail, advice
    if _protected(old) and not _protected(new):
        advice = "Leave production: true. To delete a platform, follow docs/deployment.md."
        yield Effect.REFUSED, f"{new['Type']} loses its deletion protection", advice


def _protected(resource: dict[str, Any]) -> bool:
    properties = resource.get("Properties", {})
    attributes = {
        entry.get("Key"): entry.get("Value")
        for entry in properties.get("LoadBalancerAttributes", [])
        if isinstance(entry, dict)
    }
    return (
        properties.get("DeletionProtection") is True
        or attributes.get("deletion_protection.enabled") == "true"
    )


def _database(old: Properties, new: Properties) -> Iterator[Found]:
    more, less = (_number(properties.get("AllocatedStorage")) for properties in (old, new))
    if 0 < less < more:
        detail = f"storage of {more} GiB → {less}"
        advice = "RDS never shrinks storage, which autoscaling may also have grown. Keep the size."
        yield Effect.REFUSED, detail, advice
    was, is_ = numbers(old.get("EngineVersion")), numbers(new.get("EngineVersion"))
    detail = f"MySQL {old.get('EngineVersion')} → {new.get('EngineVersion')}"
    if is_ and is_ < was:
        yield Effect.REFUSED, detail, _FORWARD
    if was and is_[:2] > was[:2] and not new.get("AllowMajorVersionUpgrade"):
        advice = "Upgrade with a restored copy (docs/runbooks/restore.md)."
        yield Effect.REFUSED, f"{detail}: RDS refuses another major version", advice


def _parameter(old: Properties, new: Properties) -> Iterator[Found]:
    if old.get("Tier") == "Advanced" and new.get("Tier", "Standard") == "Standard":
        advice = "Keep the value above 4 KB, or delete the parameter in a deployment of its own."
        yield Effect.REFUSED, "the tier Advanced → Standard", advice


def _database_users(old: Properties, new: Properties) -> Iterator[Found]:
    """Find lost rights of users that remain: `data` revokes them before tasks are updated."""
    was, is_ = old.get("Rights", {}), new.get("Rights", {})
    for user in was.keys() & is_.keys():
        for database, role in was[user].items():
            kept = is_[user].get(database)
            if kept is None or _ROLES.index(kept) < _ROLES.index(role):
                detail = (
                    f"{user} loses {role} of the database {database} before its tasks are updated"
                )
                advice = (
                    "Move the old word to retired_talks_to for one deployment "
                    "(docs/changes.md, Removing a service)."
                )
                yield Effect.INTERRUPTION, detail, advice


def _cache(old: Properties, new: Properties) -> Iterator[Found]:
    if (old.get("Engine"), new.get("Engine")) == ("valkey", "redis"):
        advice = "ElastiCache does not change Valkey back to Redis. Keep valkey."
        yield Effect.REFUSED, "valkey → redis", advice
    elif old.get("Engine") != new.get("Engine"):
        detail = (
            f"{old.get('Engine')} → {new.get('Engine')}: CloudFormation documents a replacement"
        )
        yield Effect.REPLACEMENT, detail, _CHANGE_SET
    elif (is_ := numbers(new.get("EngineVersion"))) and is_ < numbers(old.get("EngineVersion")):
        detail = f"{old.get('Engine')} {old['EngineVersion']} → {new['EngineVersion']}"
        yield Effect.REFUSED, detail, _FORWARD
    if old.get("ReplicasPerNodeGroup") != new.get("ReplicasPerNodeGroup"):
        detail = (
            f"{old.get('ReplicasPerNodeGroup')} replicas → {new.get('ReplicasPerNodeGroup')}: "
            "CloudFormation documents a replacement"
        )
        yield Effect.REPLACEMENT, detail, _CHANGE_SET
    yield from _node(str(old.get("CacheNodeType", "")), str(new.get("CacheNodeType", "")))
    yield from _shorter(old, new, "SnapshotRetentionLimit", "snapshots")


def _node(old: str, new: str) -> Iterator[Found]:
    had, has = cache_memory_gib(old), cache_memory_gib(new)
    if had and has and has < had:
        detail = (
            f"{old} with {had:.1f} GiB for data → {new} with {has:.1f}: "
            "stored data may not fit, and is evicted or rejected"
        )
        advice = (
            "`make preflight` compares it with the stored data "
            "(docs/runbooks/cache.md, A smaller node)."
        )
        yield Effect.REFUSED, detail, advice


def _cluster(old: Properties, new: Properties) -> Iterator[Found]:
    was, is_ = numbers(old.get("Version")), numbers(new.get("Version"))
    if is_ and is_ < was:
        yield Effect.REFUSED, f"Kubernetes {old['Version']} → {new['Version']}", _FORWARD
    elif was and is_[1:] > [number + 1 for number in was[1:]]:
        advice = "Upgrade one minor version at a time (docs/upgrades.md)."
        detail = f"Kubernetes {old['Version']} → {new['Version']} skips a version"
        yield Effect.REFUSED, detail, advice


def _vault(old: Properties, new: Properties) -> Iterator[Found]:
    lock = old.get("LockConfiguration", {})
    # In governance mode, and without ChangeableForDays, AWS Backup accepts another lock.
    if "ChangeableForDays" in lock and lock != new.get("LockConfiguration"):
        detail = (
            "the lock of the vault changes, which AWS Backup refuses after its ChangeableForDays"
        )
        advice = "Keep data.backup.vault_lock_days, data.backup.retention_days and production."
        yield Effect.REFUSED, detail, advice


def _plan(old: Properties, new: Properties) -> Iterator[Found]:
    was, is_ = _kept_days(old), _kept_days(new)
    for what, days in was.items():
        if is_.get(what, 0) < days:
            detail = (
                f"{what}: {days} days → {is_.get(what, 0)}: older states can no longer be restored"
            )
            yield Effect.LOSS, detail, _RECOVERY


def _kept_days(plan: Properties) -> dict[str, int]:
    """Longest retention of the recovery points of a plan's rules, by purpose."""
    found: dict[str, int] = {}
    for rule in plan.get("BackupPlan", {}).get("BackupPlanRule", []):
        parts = [
            ("recovery points", rule),
            *(("copies in the second vault", copy) for copy in rule.get("CopyActions", [])),
        ]
        if rule.get("EnableContinuousBackup"):
            parts.append(("point-in-time recovery", rule))
        for what, part in parts:
            found[what] = max(
                found.get(what, 0), int(part.get("Lifecycle", {}).get("DeleteAfterDays", 0))
            )
    return found


def _target_group(old: Properties, new: Properties) -> Iterator[Found]:
    if old.get("Protocol") == "HTTP" and old.get("Port") != new.get("Port"):
        advice = (
            "Give the service another name on another route, migrate its callers, "
            "then remove the old service."
        )
        detail = (
            f"port {old.get('Port')} → {new.get('Port')}: requests fail until new tasks are healthy"
        )
        yield Effect.REFUSED, detail, advice
    elif old.get("HealthCheckPath") != new.get("HealthCheckPath"):
        detail = (
            f"health path {old.get('HealthCheckPath')} → {new.get('HealthCheckPath')}: "
            "it changes before the image"
        )
        yield Effect.INTERRUPTION, detail, _BOTH_PATHS


def _listener_rule(old: Properties, new: Properties) -> Iterator[Found]:
    if _weighted(old) and old != new:
        advice = (
            "Deploy the service until the primary group has its tasks "
            "(docs/changes.md, Routes of blue/green services)."
        )
        detail = (
            "the rule is updated with weights of 100 and 0, "
            "independent of the group that has the tasks"
        )
        yield Effect.REFUSED, detail, advice


def _vpc_origin(old: Properties, new: Properties) -> Iterator[Found]:
    if changed := [name for name in old.keys() | new.keys() if old.get(name) != new.get(name)]:
        advice = (
            "Keep the old value, or give the origin another construct id: "
            "CloudFormation creates it before it deletes the old one."
        )
        detail = f"{', '.join(sorted(changed))}: CloudFront does not update a VPC origin in use"
        yield Effect.REFUSED, detail, advice


def _weighted(rule: Properties) -> bool:
    return any(
        len(action.get("ForwardConfig", {}).get("TargetGroups", [])) > 1
        for action in rule.get("Actions", [])
    )


def _fixed(*names: str) -> Callable[[Properties, Properties], Iterator[Found]]:
    def fixed(old: Properties, new: Properties) -> Iterator[Found]:
        for name in names:
            if old.get(name) != new.get(name):
                detail = f"{name}: {_short(old.get(name))} → {_short(new.get(name))}"
                yield Effect.REFUSED, detail, _FOR_EVER

    return fixed


def _prefix_list(old: Properties, new: Properties) -> Iterator[Found]:
    if old.get("SourcePrefixListId") != new.get("SourcePrefixListId"):
        lists = f"{_short(old.get('SourcePrefixListId'))} → {_short(new.get('SourcePrefixListId'))}"
        detail = f"{lists}: two lists of 55 rules exceed the quota"
        advice = "Raise the quota of rules per security group to 120 first, and verify the id."
        yield Effect.REFUSED, detail, advice


def _bucket(old: Properties, new: Properties) -> Iterator[Found]:
    was, is_ = _days(old), _days(new)
    for prefix, name in was.keys() & is_.keys():
        before, after = was[prefix, name], is_[prefix, name]
        if after < before:
            detail = f"{prefix}{name}: {before} → {after}: older objects are deleted within a day"
            yield Effect.LOSS, detail, "Copy objects that you still need."


def _days(bucket: Properties) -> dict[tuple[str, str], int]:
    """Days by prefix and deleted objects."""
    rules = bucket.get("LifecycleConfiguration", {}).get("Rules", [])
    return {
        (rule.get("Prefix", ""), name): int(days)
        for rule in rules
        for name, days in _ENDS.findall(json.dumps(rule))
    }


def _repository(old: Properties, new: Properties) -> Iterator[Found]:
    was, is_ = (
        re.findall(r'"countNumber\W+(\d+)', json.dumps(properties.get("LifecyclePolicy", {})))
        for properties in (old, new)
    )
    if any(int(fewer) < int(more) for more, fewer in zip(was, is_, strict=False)):
        detail = f"images kept: {', '.join(was)} → {', '.join(is_)}"
        advice = "Verify that no running service uses an older image."
        yield Effect.LOSS, detail, advice


def _shorter(old: Properties, new: Properties, name: str, what: str) -> Iterator[Found]:
    more, less = (_number(properties.get(name)) for properties in (old, new))
    if 0 < less < more:
        detail = f"{name} {more} → {less}: older {what} are deleted"
        yield Effect.LOSS, detail, "Copy data that you still need or that law requires."


def _taken_priorities(before: Templates, now: Templates) -> Iterator[Change]:
    """Find listener rules created while another rule still has their priority."""
    taken = {_place(stack, rule): id_ for stack, id_, rule in of_type(before, RULE)}
    for stack, id_, properties in of_type(now, RULE):
        holder = taken.get(_place(stack, properties), id_)
        if holder != id_:
            detail = (
                f"{holder} has priority {properties.get('Priority')} until CloudFormation deletes "
                "it: the route changes its service"
            )
            advice = (
                "Give the new service its own route, migrate its callers, then remove the old one. "
                "A swap needs a third route."
            )
            yield Change(Effect.REFUSED, stack, id_, detail, advice)


def _place(stack: str, rule: Properties) -> tuple[str, str]:
    """Return stack, listener and priority of a rule."""
    return stack, json.dumps([rule.get("ListenerArn"), rule.get("Priority")])


def _second_entries(before: Templates, now: Templates) -> Iterator[Change]:
    """Find access entries created while another entry still has their principal."""
    type_ = "AWS::EKS::AccessEntry"
    taken = {
        json.dumps(properties.get("PrincipalArn")): (stack, id_)
        for stack, id_, properties in of_type(before, type_)
    }
    for stack, id_, properties in of_type(now, type_):
        principal = json.dumps(properties.get("PrincipalArn"))
        holder = taken.get(principal, (stack, id_))
        if isinstance(properties.get("PrincipalArn"), str) and holder != (stack, id_):
            detail = f"{principal} has the entry {holder[1]} until CloudFormation deletes it"
            advice = "Remove the role, deploy, and add it again."
            yield Change(Effect.REFUSED, stack, id_, detail, advice)


def _unheard(before: Templates, now: Templates) -> Iterator[Change]:
    """Find alarms with only new addresses, which must be confirmed first."""
    for stack in before.keys() & now.keys():
        old, new = (_addresses({stack: templates[stack]}) for templates in (before, now))
        if old and new and not old & new:
            detail = (
                "all addresses of alarms are replaced: "
                "no alarm is delivered until the new addresses are confirmed"
            )
            advice = (
                "Add the new address, deploy, and confirm it. "
                "Remove the old one in another deployment."
            )
            yield Change(Effect.INTERRUPTION, stack, "alarm_emails", detail, advice)


def _addresses(templates: Templates) -> set[str]:
    found = (properties for _, _, properties in of_type(templates, "AWS::SNS::Subscription"))
    return {
        str(properties.get("Endpoint"))
        for properties in found
        if properties.get("Protocol") in ("email", "https")
    }


def _zones(before: Templates, now: Templates) -> Iterator[Change]:
    """Find added and removed subnets: EKS, databases and brokers keep their original zones."""
    type_ = "AWS::EC2::Subnet"
    old, new = ({id_ for _, id_, _ in of_type(templates, type_)} for templates in (before, now))
    if old and new and old != new:
        detail = f"{len(old)} subnets → {len(new)}: EKS, databases and volumes keep their zones"
        yield Change(Effect.REFUSED, "network", "zones", detail, _FOR_EVER)


def _signers(before: Templates, now: Templates) -> Iterator[Change]:
    """Find new signing keys that CloudFront does not trust, and removed keys still in use."""
    keys, known = _keys(now), _keys(before)
    was, is_ = _signer(before), _signer(now)
    if not (was and is_ and known and keys):
        return
    advice = (
        "Add the key, deploy, put it first, deploy, remove the old one "
        "(docs/runbooks/rotate-signing-keys.md)."
    )
    if is_ not in known:
        detail = f"{is_} signs before CloudFront trusts it"
        yield Change(Effect.REFUSED, "ecs-services", "edge.signing_keys", detail, advice)
    if was not in keys:
        detail = f"{was} is removed while listeners still use its URLs"
        yield Change(Effect.REFUSED, "edge", "edge.signing_keys", detail, advice)


def _replicated(before: Templates, now: Templates) -> Iterator[Change]:
    """Find managed master passwords and newer versions for databases with read replicas."""
    type_ = "AWS::RDS::DBInstance"
    sources = {
        (stack, source)
        for stack, _, properties in of_type(before, type_)
        for _, source in named(before, stack, properties.get("SourceDBInstanceIdentifier"))
    }
    for stack, id_, properties in of_type(now, type_):
        if (stack, id_) not in sources:
            continue
        was = before[stack]["Resources"][id_]["Properties"].get("EngineVersion")
        is_ = properties.get("EngineVersion")
        if is_ and numbers(is_) > numbers(was):
            detail = f"MySQL {was} → {is_}: RDS upgrades a source after its read replicas"
            advice = (
                "Upgrade each replica first "
                "(docs/upgrades.md#mysql-with-read-replicas), then deploy."
            )
            yield Change(Effect.REFUSED, stack, id_, detail, advice, holds_data=True)
        if properties.get("ManageMasterUserPassword") is True:
            detail = (
                "RDS does not manage the master password of a database with read replicas, "
                "which are deleted after its update"
            )
            advice = (
                "Set read_replicas: 0 and deploy; change master_rotation in another deployment."
            )
            yield Change(Effect.REFUSED, stack, id_, detail, advice, holds_data=True)


def _keys(templates: Templates) -> set[str]:
    return {
        str(properties.get("KeyName"))
        for _, _, properties in of_type(templates, "Custom::SigningKeyPair")
    }


def _signer(templates: Templates) -> str | None:
    found = re.search(
        r'"Name": "AUDIO_SIGNER", "Value": "([^"]+)"', json.dumps(templates.get("ecs-services", {}))
    )
    return found[1] if found else None


def _number(value: Any) -> int:
    return int(value) if str(value).isdecimal() else 0


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)[:80]


RULES: dict[str, Callable[[Properties, Properties], Iterator[Found]]] = {
    "AWS::Backup::BackupPlan": _plan,
    "AWS::Backup::BackupVault": _vault,
    "AWS::CloudFront::VpcOrigin": _vpc_origin,
    "AWS::EC2::SecurityGroupIngress": _prefix_list,
    "AWS::EC2::Subnet": _fixed("AvailabilityZone", "CidrBlock"),
    "AWS::EC2::VPC": _fixed("CidrBlock"),
    "AWS::ECR::Repository": _repository,
    "AWS::EKS::Cluster": _cluster,
    "AWS::ElastiCache::ReplicationGroup": _cache,
    "AWS::ElasticLoadBalancingV2::TargetGroup": _target_group,
    "AWS::Logs::LogGroup": partial(_shorter, name="RetentionInDays", what="records"),
    "AWS::RDS::DBInstance": _database,
    "AWS::Route53::HostedZone": _fixed("Name"),
    "AWS::S3::Bucket": _bucket,
    "AWS::SSM::Parameter": _parameter,
    "AWS::ServiceDiscovery::PrivateDnsNamespace": _fixed("Name"),
    "Custom::DatabaseUsers": _database_users,
    RULE: _listener_rule,
}
"""Rules by resource type. Sources are in docs/changes.md."""
ACROSS: tuple[Callable[[Templates, Templates], Iterator[Change]], ...] = (
    _taken_priorities,
    _second_entries,
    _unheard,
    _zones,
    _signers,
    _replicated,
)
"""Rules about several resources."""
