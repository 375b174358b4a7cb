"""The acknowledgement of a right on all objects of a bucket that another stack may hold."""

import json
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import IValidation


@jsii.implements(IValidation)
class _WhenReferencesAreKnown:
    """The finding's id contains the resource as the template has it, and a reference to another stack gets its form while CDK prepares the
    synthesis. Validations run between that and the policy packs. This one finds no fault itself.
    """

    def __init__(self, role: iam.CfnRole, resource: str, reason: str) -> None:
        self._role, self._resource, self._reason = role, resource, reason

    def validate(self) -> list[str]:
        shown = _shown(cdk.Stack.of(self._role).resolve(self._resource))
        finding = f"AwsSolutions::AwsSolutions-IAM5[Resource::{shown}]"
        # As `Validations.acknowledge` does, but without the trace: called from here it would name a temporary folder of this run.
        self._role.node.add_metadata(cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY, {finding: self._reason})
        return []


def acknowledge_wildcard(role: iam.CfnRole, resource: str, *, reason: str) -> None:
    """Acknowledges that a policy of `role` names `resource`, which ends with a wildcard.

    Args:
        role: role with the policy inside.
        resource: resource of the statement, which may contain references to other stacks.
        reason: why all that it matches are meant.
    """
    role.node.add_validation(_WhenReferencesAreKnown(role, resource, reason))


def _shown(value: Any) -> str:
    """Returns a resolved value as the finding shows it.

    That is `<Logical.Attribute>` for one of the same stack, the export's name for one of another, and JSON for other functions.
    """
    match value:
        case str():
            return value
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::ImportValue": str(export)}:
            return export
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(map(_shown, parts))
        case other:
            return json.dumps(other, separators=(",", ":"))
