"""Deployed sizes of policies, compared with IAM's limits."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from tools.model.resolver import Place, Resolver
from tools.model.values import ACCOUNT, Json

Templates = Mapping[str, Json]

MANAGED = "characters of a managed policy"
INLINE = "characters of inline policies"
TRUST = "characters of a trust policy"
ATTACHED = "managed policies of a role"
MOST = {MANAGED: 6144, INLINE: 10_240, TRUST: 2048, ATTACHED: 10}
"""Limits, without white space, of one policy or of all policies of a role.

Source: IAM and AWS STS quotas, read 2026-11. AWS raises the last two, which this project does not
require.
"""
LONGEST = {"AWS::Region": "ap-southeast-1", "AWS::StackName": "s" * 36}
"""Pseudo parameters with the maximum length of the settings."""
SUFFIX = "-" + "x" * 12
"""Suffix of generated names of CloudFormation."""


def too_large(templates: Templates) -> Iterator[str]:
    """Yield policies that IAM would refuse.

    Args:
        templates: templates by the name of their stack, such as `spotmusic-prod-data`.
    """
    deployed = Deployed(templates)
    for stack, template in templates.items():
        amounts = _amounts(partial(deployed.characters, stack), template["Resources"])
        yield from (
            f"{stack}/{what}: {amount} {unit}; the limit of IAM is {MOST[unit]}"
            for (what, unit), amount in amounts.items()
            if amount > MOST[unit]
        )


def _amounts(
    characters: Callable[[Any], int], resources: Mapping[str, Json]
) -> Counter[tuple[str, str]]:
    """Characters that count against a limit, by policy or role, and the limit."""
    amounts: Counter[tuple[str, str]] = Counter()
    for id_, resource in resources.items():
        type_, properties = resource["Type"], resource.get("Properties", {})
        document = properties.get("PolicyDocument")
        roles = [str(role.get("Ref", role)) for role in properties.get("Roles", [])]
        if type_ == "AWS::IAM::ManagedPolicy":
            amounts[id_, MANAGED] = characters(document)
            amounts.update((role, ATTACHED) for role in roles)
        elif type_ == "AWS::IAM::Policy":
            amounts.update({(role, INLINE): characters(document) for role in roles})
        elif type_ == "AWS::IAM::Role":
            amounts[id_, TRUST] = characters(properties["AssumeRolePolicyDocument"])
            amounts[id_, ATTACHED] += len(properties.get("ManagedPolicyArns", []))
            amounts[id_, INLINE] += sum(
                characters(policy["PolicyDocument"]) for policy in properties.get("Policies", [])
            )
    return amounts


class Deployed(Resolver):
    """Values of templates with names and ARNs of the maximum generated length."""

    def __init__(self, templates: Templates) -> None:
        self.templates = templates

    def characters(self, stack: str, document: Any) -> int:
        """Return the length of a document without white space."""
        return len(json.dumps(self.value(stack, document), separators=(",", ":")))

    def pseudo(self, stack: str) -> Mapping[str, str]:
        """Return the longest values."""
        return {**super().pseudo(stack), **LONGEST}

    def named(self, place: Place) -> str:
        """Return an ARN, or a generated name."""
        body = self.templates[place.stack]["Resources"].get(place.id, {})
        type_ = body.get("Type", "AWS::Service::Resource")
        name = f"{LONGEST['AWS::StackName']}-{place.id}{SUFFIX}"
        named_by_arn = ("AWS::SecretsManager::Secret", "AWS::ECS::Service")
        by_arn = place.attribute != "Name" and type_ in named_by_arn
        if not by_arn and "arn" not in place.attribute.lower():
            return name
        _, service, kind = (
            type_.split("::")[:3] if type_.count("::") >= 2 else ("", "cloudformation", "resource")
        )
        where = f"arn:aws:{service.lower()}:{LONGEST['AWS::Region']}:{ACCOUNT}"
        if service == "KMS":
            return f"{where}:key/{'k' * 36}"
        if service == "SecretsManager":
            return f"{where}:secret:{place.id}{SUFFIX}-{'x' * 6}"
        if type_ == "AWS::ECS::Service":
            return f"{where}:service/{LONGEST['AWS::StackName']}-{'c' * 15}{SUFFIX}/{name}"
        if type_ == "AWS::ElastiCache::User":
            return f"{where}:user:{body['Properties']['UserId']}"
        return f"{where}:{kind.lower()}:{name}"
