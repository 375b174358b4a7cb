"""Acknowledgement of a right on all objects of a bucket, which may be in another stack."""

import json
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import IValidation

from spotmusic_constructs.acknowledge import are_recorded, wildcard_finding


@jsii.implements(IValidation)
class _WhenReferencesAreKnown:
    """Validation that adds the acknowledgement and reports nothing.

    The finding's id contains the resource as in the template, and CDK resolves references to other
    stacks while it prepares the synthesis. Validations run after that and before the policy packs.
    """

    def __init__(self, role: iam.CfnRole, resource: str, reason: str) -> None:
        self._role, self._resource, self._reason = role, resource, reason

    def validate(self) -> list[str]:
        finding = wildcard_finding(_shown(cdk.Stack.of(self._role).resolve(self._resource)))
        # Like `Validations.acknowledge`, without the trace, which would contain a temporary folder.
        self._role.node.add_metadata(
            cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY, {finding: self._reason}
        )
        return []


def acknowledge_wildcard(role: iam.CfnRole, resource: str, *, reason: str) -> None:
    """Acknowledge that a policy of `role` allows `resource`, which ends with a wildcard.

    Args:
        role: role with the policy inside.
        resource: resource of the statement, which may contain references to other stacks.
        reason: reason for the wildcard.
    """
    if are_recorded():
        role.node.add_validation(_WhenReferencesAreKnown(role, resource, reason))


def _shown(value: Any) -> str:
    """Return a resolved value in the form of the finding.

    References within the stack are `<Logical.Attribute>`, those to other stacks the export's name,
    and other functions JSON.
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
