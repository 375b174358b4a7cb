"""Rights of a role in as many managed policies as needed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aws_cdk import aws_iam as iam
from constructs import Construct

MOST_RESOURCES = 25
"""ARNs in a managed policy, limited to 6144 characters without white space (IAM and AWS STS
quotas). The longest here are those of ECS services, some 210 characters with names as long as the
settings admit; a role has at most ten policies."""

Statement = Mapping[str, Any]
"""Statement of an IAM policy as in JSON, with lists of actions and resources."""


def allow(
    actions: Sequence[str],
    resources: Sequence[str],
    conditions: Mapping[str, Any] | None = None,
    *,
    sid: str | None = None,
) -> Statement:
    """Return a statement that allows actions."""
    return {
        **({"Sid": sid} if sid else {}),
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": list(dict.fromkeys(resources)),
        "Condition": conditions or {},
    }


def document_of(statements: Sequence[Statement]) -> iam.PolicyDocument:
    """Create the document of a policy, with one call to the CDK process for all statements."""
    return iam.PolicyDocument.from_json({"Statement": statements})


class Rights:
    """Managed policies of one role, divided by the number of resources.

    Creates the policy `<construct_id>` and, when it is full, `<construct_id>2` and so on.

    Args:
        scope: parent of the policies.
        construct_id: id of the first policy.
        role: role of the policies.
        statements: initial statements.
        description: purpose of the policies, for auditors.

    Example:
        rights = Rights(self, "Policy", role=role)
        rights.add(allow(["secretsmanager:GetSecretValue"], [admin.secret_arn]))
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        role: iam.IRole,
        statements: Sequence[Statement] = (),
        description: str | None = None,
    ) -> None:
        self._scope = scope
        self._id = construct_id
        self._role = role
        self._description = description
        self._room = 0
        self.policies: list[iam.ManagedPolicy] = []
        self.add(*statements)

    def add(self, *statements: Statement) -> None:
        """Add statements with resources, and a policy whenever the last one is full."""
        last: list[Statement] = []
        new: list[list[Statement]] = []
        for amount, part in (sized for statement in statements for sized in self._parts(statement)):
            if amount > self._room or not (self.policies or new):
                new.append([])
                self._room = MOST_RESOURCES
            (new[-1] if new else last).append(part)
            self._room -= amount
        if last:
            self.policies[-1].add_statements(*map(iam.PolicyStatement.from_json, last))
        for policy in new:
            self._begin(policy)

    def _begin(self, statements: list[Statement]) -> None:
        number = len(self.policies) + 1
        id_ = f"{self._id}{number}" if number > 1 else self._id
        policy = iam.ManagedPolicy(
            self._scope,
            id_,
            roles=[self._role],
            document=document_of(statements),
            description=self._description,
        )
        self.policies.append(policy)

    def _parts(self, statement: Statement) -> Iterator[tuple[int, Statement]]:
        """Divide a statement with too many resources; the first part fills the last policy."""
        resources = statement["Resource"]
        if 0 < len(resources) <= (self._room or MOST_RESOURCES):
            yield len(resources), statement
            return
        while resources:
            taken = resources[: self._room or MOST_RESOURCES]
            resources = resources[len(taken) :]
            yield len(taken), {**statement, "Resource": taken}
