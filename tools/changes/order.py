"""Resources that are deleted before their users.

`network` is deployed first, and `ecs-services` after `eks-platform`.
"""

from collections.abc import Iterator
from typing import Any

from tools.changes.change import Change, Effect
from tools.model.templates import Templates, of_type

RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"
INGRESS = "AWS::EC2::SecurityGroupIngress"
NODES = "kubernetesnodes"
"""Part of the id of the nodes' security group: only Prometheus connects from nodes to services."""
ANOTHER_SERVICE = (
    "Give a second service of the same image the new one, migrate its callers, then remove the old "
    "service (docs/changes.md, Renaming a service, or its route)."
)


def changes(before: Templates, now: Templates) -> Iterator[Change]:
    """Yield paths and ports that callers cannot reach while the stacks are deployed.

    Args:
        before: deployed templates.
        now: templates of the coming deployment.
    """
    yield from _paths(before, now)
    yield from _ports(before, now)


def _paths(before: Templates, now: Templates) -> Iterator[Change]:
    old, new = dict(_routes(before)), dict(_routes(now))
    for path in old.keys() - new.keys():
        stack, id_ = old[path]
        detail = f"{path} is removed: calls fail as soon as network or eks-platform is deployed"
        yield Change(Effect.INTERRUPTION, stack, id_, detail, ANOTHER_SERVICE)


def _routes(templates: Templates) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the first path of each listener rule, with its stack and logical id."""
    for stack, id_, properties in of_type(templates, RULE):
        for condition in properties.get("Conditions", []):
            if values := condition.get("PathPatternConfig", {}).get("Values"):
                yield str(values[0]), (stack, id_)


def _ports(before: Templates, now: Templates) -> Iterator[Change]:
    old, new = _open(before), _open(now)
    for pair in old.keys() & new.keys():
        lost, gained = old[pair] - new[pair], new[pair] - old[pair]
        if lost and gained and NODES not in pair[0]:
            detail = (
                f"port {_shown(lost)} → {_shown(gained)}: "
                f"{pair[0]} reaches no task of {pair[1]} until new ones are healthy"
            )
            yield Change(Effect.REFUSED, "network", pair[1], detail, ANOTHER_SERVICE)


def _open(templates: Templates) -> dict[tuple[str, str], set[int]]:
    """Return ports by source and destination group of rules with both groups in one stack."""
    found: dict[tuple[str, str], set[int]] = {}
    for _, _, properties in of_type(templates, INGRESS):
        pair = _group(properties.get("SourceSecurityGroupId")), _group(properties.get("GroupId"))
        match properties:
            case {"FromPort": int(first), "ToPort": int(last)} if all(pair):
                found.setdefault(pair, set()).update(range(first, last + 1))
    return found


def _group(value: Any) -> str:
    match value:
        case {"Fn::GetAtt": [str(id_), *_]}:
            return id_
        case _:
            return ""


def _shown(ports: set[int]) -> str:
    return str(min(ports)) if len(ports) == 1 else f"{min(ports)} to {max(ports)}"
