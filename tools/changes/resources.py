"""Effect of an update on each resource, computed from CloudFormation's schemas."""

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

from tools.changes.change import Change, Effect
from tools.changes.replacement import replaced, schema_of
from tools.model.templates import RELEASE, Template, Templates, without_hashes
from tools.model.values import children

HOLDS_DATA = {
    "AWS::APS::Workspace",
    "AWS::Backup::BackupVault",
    "AWS::ECR::Repository",
    "AWS::EKS::Cluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::KMS::Key",
    "AWS::RDS::DBInstance",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
}
KEPT = {"Retain", "RetainExceptOnCreate", "Snapshot"}

ROUTINE = {
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::ECS::TaskDefinition",
    "AWS::IAM::ManagedPolicy",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Permission",
    "AWS::SNS::Subscription",
}
"""Types that CloudFormation replaces without interruption, because it creates before it deletes."""

UNIQUE_NAMES = {
    "AWS::Chatbot::SlackChannelConfiguration": ("ConfigurationName",),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName",),
}
"""Names that AWS admits once, of types that the schemas identify by an ARN with that name.

Source: AWS CloudFormation user guide and service authorization reference, 2026-11.
"""

SERVES = {
    "AWS::CloudFront::Distribution",
    "AWS::EC2::EIP",
    "AWS::EC2::NatGateway",
    "AWS::EC2::Subnet",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCEndpoint",
    "AWS::ECS::Service",
    "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    "AWS::Route53::HostedZone",
    "AWS::Route53::RecordSet",
    RELEASE,
}
"""Types with an interruption when deleted. For listener rules it depends on the path.

See tools/changes/order.py.
"""

INTERRUPTS = {
    "AWS::EKS::Cluster": {"Version": "nodes are replaced one by one"},
    "AWS::ElastiCache::ReplicationGroup": {
        "CacheNodeType": "a failover",
        "CacheParameterGroupName": "nodes restart one by one",
        "EngineVersion": "a failover",
    },
    "AWS::RDS::DBInstance": {
        "CACertificateIdentifier": "a restart, if the engine can't reload it",
        "DBInstanceClass": "a failover of about a minute",
        "DBParameterGroupName": "a restart",
        "EngineVersion": "both halves restart at the same time",
        "Port": "a restart",
    },
}
"""Properties with an interrupting update, and the interruption.

Sources: AWS CloudFormation, Amazon RDS and Amazon ElastiCache user guides, 2026-11.
"""

_ADVICE = "Deploy it at a time of low load."


def holds_data(resource: dict[str, Any]) -> bool:
    """Return whether a resource holds data; read replicas hold copies only."""
    is_copy = "SourceDBInstanceIdentifier" in resource.get("Properties", {})
    return resource["Type"] in HOLDS_DATA and not is_copy


def changes(before: Templates, now: Templates) -> Iterator[Change]:
    """Yield one change for each added, removed, replaced or updated resource.

    Args:
        before: deployed templates.
        now: templates of the coming deployment.
    """
    for stack in dict.fromkeys(chain(before, now)):
        old, new = _resources(before, stack), _resources(now, stack)
        for id_ in dict.fromkeys(chain(old, new)):
            if id_ not in old:
                yield _added(stack, id_, new[id_]["Type"], to=bool(old))
            elif id_ not in new:
                yield _removed(stack, id_, old[id_])
            elif old[id_] != new[id_]:
                yield from _changed(before, now, stack, id_)
            elif reasons := replaced(before, now, stack, id_):
                yield _replaced(stack, id_, old[id_], new[id_], reasons)
    yield from _held_exports(before, now)


def _resources(templates: Templates, stack: str) -> dict[str, Any]:
    return dict(templates.get(stack, {}).get("Resources", {}))


def _added(stack: str, id_: str, type_: str, *, to: bool) -> Change:
    if to and type_ == "AWS::EC2::VPCEndpoint":
        detail = f"{type_} is added: calls fail for seconds until its private DNS name is active"
        return Change(Effect.INTERRUPTION, stack, id_, detail, _ADVICE, sign="+")
    return Change(Effect.NONE, stack, id_, f"{type_} is added", sign="+")


def _removed(stack: str, id_: str, old: dict[str, Any]) -> Change:
    type_ = old["Type"]
    holds = holds_data(old)
    if holds and old.get("DeletionPolicy") in KEPT:
        is_deleted = old["DeletionPolicy"] == "Snapshot"
        what = "is deleted, and its final snapshot" if is_deleted else "leaves the stack and"
        detail = f"{type_} {what} is retained"
        advice = "No resource of the environment uses it any more."
        return Change(Effect.REPLACEMENT, stack, id_, detail, advice, holds_data=True, sign="-")
    without_loss = Effect.INTERRUPTION if type_ in SERVES | HOLDS_DATA else Effect.NONE
    effect = Effect.LOSS if holds else without_loss
    return Change(effect, stack, id_, f"{type_} is deleted", holds_data=holds, sign="-")


def _changed(before: Templates, now: Templates, stack: str, id_: str) -> Iterator[Change]:
    old, new = before[stack]["Resources"][id_], now[stack]["Resources"][id_]
    if reasons := replaced(before, now, stack, id_):
        yield _named_alike(stack, id_, old, new) or _replaced(stack, id_, old, new, reasons)
        return
    changed = _properties(old, new)
    interrupting = {
        name: how for name, how in INTERRUPTS.get(new["Type"], {}).items() if name in changed
    }
    for name, how in interrupting.items():
        detail = f"{name}: {_value(old, name)} → {_value(new, name)}: {how}"
        yield Change(Effect.INTERRUPTION, stack, id_, detail, _ADVICE, holds_data=holds_data(new))
    if not interrupting and without_hashes(old) != without_hashes(new):
        detail = f"{new['Type']}: {', '.join(changed) or 'policies or dependencies'}"
        yield Change(Effect.NONE, stack, id_, detail)


def _replaced(
    stack: str, id_: str, old: dict[str, Any], new: dict[str, Any], reasons: list[str]
) -> Change:
    type_ = new["Type"]
    if type_ in ROUTINE:
        effect, why = Effect.NONE, ", ".join(_properties(old, new))
    else:
        effect, why = Effect.REPLACEMENT, reasons[0].removeprefix(f"{stack}/{id_}: ")
    detail = f"{type_} is replaced: {why or 'a referenced resource is replaced'}"
    return Change(effect, stack, id_, detail, holds_data=holds_data(new))


def _named_alike(stack: str, id_: str, old: dict[str, Any], new: dict[str, Any]) -> Change | None:
    """Find replacements with the name of the old resource.

    AWS refuses them, because CloudFormation creates the new resource first.
    """
    schema = schema_of(new["Type"], stack)
    identifier = [path[0] for path in schema.identifier] if schema else []
    names = UNIQUE_NAMES.get(new["Type"], identifier)
    if not names or not all(
        name in new.get("Properties", {}) and _value(old, name) == _value(new, name)
        for name in names
    ):
        return None
    taken = ", ".join(names)
    detail = f"{new['Type']} would be replaced under its own name ({taken}), which already exists"
    advice = "Keep the old value, or delete the old resource manually first."
    return Change(Effect.REFUSED, stack, id_, detail, advice, holds_data=holds_data(new))


def _held_exports(before: Templates, now: Templates) -> Iterator[Change]:
    """Find imported exports of replaced or removed resources.

    CloudFormation refuses the update of the producer.
    """
    imported = {name: stack for stack, template in before.items() for name in _imports(template)}
    for stack, template in before.items():
        exported = _exports(now.get(stack, {}))
        for name, output in _exports(template).items():
            user, subject = imported.get(name, stack), _subject(output)
            if user == stack:
                continue
            is_kept = without_hashes(exported.get(name)) == without_hashes(output)
            if not is_kept or replaced(before, now, stack, subject):
                detail = (
                    f"{user} imports it: CloudFormation neither changes nor deletes "
                    "an export in use, and rolls back"
                )
                advice = (
                    f"Deploy {user} without it first: "
                    f"`npx cdk deploy -c env=<env> --exclusively <env>/{user}`; "
                    "for a service or a talks_to word, use `retired`."
                )
                yield Change(Effect.REFUSED, stack, subject, detail, advice)


def _subject(output: Any) -> str:
    match output:
        case {"Ref": str(id_)} | {"Fn::GetAtt": [str(id_), *_]}:
            return id_
        case _:
            return "output"


def _exports(template: Template) -> dict[str, Any]:
    return {
        name: output["Value"]
        for output in template.get("Outputs", {}).values()
        if isinstance(name := output.get("Export", {}).get("Name"), str)
    }


def _imports(value: Any) -> Iterator[str]:
    match value:
        case {"Fn::ImportValue": str(name)}:
            yield name
        case _:
            for _, below in children(value):
                yield from _imports(below)


def _properties(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    one, other = old.get("Properties", {}), new.get("Properties", {})
    return [name for name in dict.fromkeys(chain(one, other)) if one.get(name) != other.get(name)]


def _value(resource: dict[str, Any], name: str) -> str:
    value = resource.get("Properties", {}).get(name)
    return value if isinstance(value, str) else json.dumps(value)
