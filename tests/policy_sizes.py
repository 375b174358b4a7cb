"""How large policies are when they are deployed, and whether IAM takes them."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]
Templates = Mapping[str, Json]

MANAGED, INLINE, TRUST = "characters of a managed policy", "characters of inline policies", "characters of a trust policy"
ATTACHED = "managed policies of a role"
MOST = {MANAGED: 6144, INLINE: 10_240, TRUST: 2048, ATTACHED: 10}
"""Limits, without white space, of one policy or of all of a role (IAM and AWS STS quotas, read 2026-11: the last two can be raised, and
nobody is asked to)."""
PSEUDO = {
    "AWS::AccountId": "1" * 12,
    "AWS::Partition": "aws",
    # None of those that the settings admit is longer.
    "AWS::Region": "ap-southeast-1",
    "AWS::StackName": "s" * 36,
    "AWS::URLSuffix": "amazonaws.com",
}
SUFFIX = "-" + "x" * 12
"""What CloudFormation adds to names that it makes up."""


def too_large(templates: Templates) -> Iterator[str]:
    """Says which policies IAM would refuse: templates by the name of their stack, or by its end."""
    for stack, template in templates.items():
        amounts = _amounts(Deployed(templates, stack), template["Resources"])
        yield from (
            f"{stack}/{what}: {amount} {unit}, and IAM takes {MOST[unit]}"
            for (what, unit), amount in amounts.items()
            if amount > MOST[unit]
        )


def _amounts(deployed: "Deployed", resources: Mapping[str, Json]) -> Counter[tuple[str, str]]:
    """What counts against a limit, by the policy or the role that it is counted for, and the limit."""
    amounts: Counter[tuple[str, str]] = Counter()
    for id_, resource in resources.items():
        type_, properties = resource["Type"], resource.get("Properties", {})
        document, roles = properties.get("PolicyDocument"), [str(role.get("Ref", role)) for role in properties.get("Roles", [])]
        if type_ == "AWS::IAM::ManagedPolicy":
            amounts[id_, MANAGED] = deployed.characters(document)
            amounts.update((role, ATTACHED) for role in roles)
        elif type_ == "AWS::IAM::Policy":
            amounts.update({(role, INLINE): deployed.characters(document) for role in roles})
        elif type_ == "AWS::IAM::Role":
            amounts[id_, TRUST] = deployed.characters(properties["AssumeRolePolicyDocument"])
            amounts[id_, ATTACHED] += len(properties.get("ManagedPolicyArns", []))
            amounts[id_, INLINE] += sum(deployed.characters(policy["PolicyDocument"]) for policy in properties.get("Policies", []))
    return amounts


class Deployed:
    """Values of a template with names and ARNs as long as those that CloudFormation makes up."""

    def __init__(self, templates: Templates, stack: str) -> None:
        self._templates, self._stack = templates, stack

    def characters(self, document: Any) -> int:
        """Characters of a document without white space; none of one that is not there."""
        return len(json.dumps(self._value(document), separators=(",", ":"))) if document else 0

    def _value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._value(part) for part in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self._intrinsic(function, argument)
        return {key: self._value(part) for key, part in value.items()}

    def _intrinsic(self, function: str, argument: Any) -> str:
        match function:
            case "Ref":
                return PSEUDO.get(argument) or self._parameter(argument) or self._name(argument)
            case "Fn::GetAtt":
                return self._attribute(*(argument if isinstance(argument, list) else argument.split(".", 1)))
            case "Fn::Join":
                delimiter, parts = argument
                return str(delimiter).join(str(self._value(part)) for part in parts)
            case "Fn::Select" if "Fn::Split" in argument[1]:
                separator, text = argument[1]["Fn::Split"]
                return str(self._value(text)).split(separator)[int(argument[0])]
            case "Fn::GetStackOutput" | "Fn::ImportValue":
                weak = function == "Fn::GetStackOutput"
                producer, output = (argument["StackName"], argument["OutputName"]) if weak else str(argument).split(":", 1)
                return self._output(next(name for name in self._templates if producer.endswith(name)), output)
            case _:
                # The longest that the rest gives is a value of another stack.
                return self._arn(str(argument)[:64])

    def _attribute(self, id_: str, attribute: str) -> str:
        if "arn" in attribute.lower():
            return self._arn(id_)
        return self._made_up(id_) if attribute == "Name" else self._name(id_)

    def _output(self, stack: str, name: str) -> str:
        return str(Deployed(self._templates, stack)._value(self._templates[stack]["Outputs"][name]["Value"]))

    def _name(self, id_: str) -> str:
        type_ = self._templates[self._stack]["Resources"].get(id_, {}).get("Type", "")
        if type_ in ("AWS::SecretsManager::Secret", "AWS::ECS::Service"):
            return self._arn(id_)
        return self._made_up(id_)

    def _made_up(self, id_: str) -> str:
        return f"{PSEUDO['AWS::StackName']}-{id_}{SUFFIX}"

    def _parameter(self, name: str) -> str | None:
        """What another stack of the same templates writes to the parameter of Parameter Store that a template parameter reads."""
        path = self._templates[self._stack].get("Parameters", {}).get(name, {}).get("Default")
        for stack, template in self._templates.items():
            for resource in template["Resources"].values():
                if path and resource["Type"] == "AWS::SSM::Parameter" and resource["Properties"].get("Name") == path:
                    return str(Deployed(self._templates, stack)._value(resource["Properties"]["Value"]))
        return None

    def _arn(self, id_: str) -> str:
        type_ = self._templates[self._stack]["Resources"].get(id_, {}).get("Type", "AWS::Service::Resource")
        _, service, kind = type_.split("::")[:3] if type_.count("::") >= 2 else ("", "cloudformation", "resource")
        place = f"arn:aws:{service.lower()}:{PSEUDO['AWS::Region']}:{PSEUDO['AWS::AccountId']}"
        if service == "KMS":
            return f"{place}:key/{'k' * 36}"
        if service == "SecretsManager":
            return f"{place}:secret:{id_}{SUFFIX}-{'x' * 6}"
        if type_ == "AWS::ECS::Service":
            return f"{place}:service/{PSEUDO['AWS::StackName']}-{'c' * 15}{SUFFIX}/{PSEUDO['AWS::StackName']}-{id_}{SUFFIX}"
        if type_ == "AWS::ElastiCache::User":
            return f"{place}:user:{self._templates[self._stack]['Resources'][id_]['Properties']['UserId']}"
        return f"{place}:{kind.lower()}:{PSEUDO['AWS::StackName']}-{id_}{SUFFIX}"
