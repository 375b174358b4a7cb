"""Statements of all policies in the templates of an environment."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tools.model.assembly import Assembly, Resource
from tools.model.values import ACCOUNT, Json, as_list

_WRITTEN_AS_TEXT = ("AssumeRolePolicyDocument", "PolicyDocument", "RepositoryPolicy")
"""Properties with a policy as JSON text."""

_SUBJECT = re.compile(r"system:serviceaccount:([a-z0-9-]+:[a-z0-9-]+)")


@dataclass(frozen=True, eq=False)
class Statement:
    """One statement of a policy, with all values as lists.

    Args:
        resource: resource with the policy.
        kind: `identity` for rights of a role, `trust` for a trust policy, `resource` for the
            policy of a bucket, key or endpoint.
        allows: whether the effect is Allow.
        actions: `Action`, as text.
        resources: `Resource`, as in the template.
        principals: kind (`AWS`, `Service`, `*`) and text of each principal.
        conditions: keys in lower case, as AWS compares them, with their texts, by operator.
        sid: name of the statement, if it has one.
        negated: NotAction, NotResource and NotPrincipal, if used; their complement cannot be
            listed.
    """

    resource: Resource
    kind: str
    allows: bool
    actions: tuple[str, ...]
    resources: tuple[Any, ...]
    principals: tuple[tuple[str, str], ...]
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]]
    sid: str
    negated: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.resource.name}: {self.sid or ', '.join(self.actions[:3])}"

    @property
    def condition_keys(self) -> frozenset[str]:
        return frozenset(key for block in self.conditions.values() for key in block)

    @property
    def for_anybody(self) -> bool:
        """True if the statement covers all principals."""
        return any(who == "*" for _, who in self.principals)

    @property
    def of_this_account(self) -> bool:
        """True if the statement allows principals or resources of this account only."""
        return any(
            self.values("StringEquals", key) == (ACCOUNT,)
            for key in ("aws:PrincipalAccount", "aws:ResourceAccount")
        )

    @property
    def of_restored_databases(self) -> bool:
        """True if the statement covers only master secrets of restored databases.

        RDS names these secrets when it creates the instance.
        """
        (source,) = self.values("StringLike", "aws:ResourceTag/aws:rds:primaryDBInstanceArn") or (
            "",
        )
        prefix = f"db:{self.resource.platform.settings.resource_prefix}-*"
        return source.endswith(prefix) and all(
            text.endswith(":secret:rds!db-*") for text in self.texts()
        )

    def values(self, operator: str, key: str) -> tuple[str, ...]:
        return self.conditions.get(operator, {}).get(key.lower(), ())

    @property
    def service_accounts(self) -> tuple[str, ...]:
        """Service accounts, as `namespace/name`, in the trust policy of the cluster's issuer."""
        subjects = [
            value
            for key, values in self.conditions.get("StringEquals", {}).items()
            if key.endswith(":sub")
            for value in values
        ]
        return tuple(
            match[1].replace(":", "/") for value in subjects if (match := _SUBJECT.fullmatch(value))
        )

    def texts(self) -> list[str]:
        return [self.resource.platform.text(self.resource.stack, value) for value in self.resources]

    def may(self, action: str) -> bool:
        """Return whether the statement includes an action, with wildcards."""
        return any(
            re.fullmatch(re.escape(name).replace(r"\*", ".*"), action, flags=re.IGNORECASE)
            for name in self.actions
        )


@cache
def statements_of(platform: Assembly) -> tuple[Statement, ...]:
    """All statements of identity, trust and resource policies."""
    return tuple(
        statement for resource in platform.resources for statement in _statements(resource)
    )


def _statements(resource: Resource) -> Iterator[Statement]:
    own = "identity" if resource.type.startswith("AWS::IAM::") else "resource"
    for kind, document in _documents(resource.properties, own):
        written_out = _is_policy(document)
        parsed = (
            document
            if written_out
            else json.loads(resource.platform.text(resource.stack, document))
        )
        for statement in as_list(parsed["Statement"]):
            yield _statement(resource, kind, statement)


def _is_policy(value: Any) -> bool:
    """Exclude rules of a web ACL, which have a `Statement` but no effect."""
    return (
        isinstance(value, dict)
        and "Statement" in value
        and any("Effect" in statement for statement in as_list(value["Statement"]))
    )


def _documents(value: Any, kind: str) -> Iterator[tuple[str, Any]]:
    """Find policy documents: objects with statements, or JSON texts in properties of policies."""
    if isinstance(value, list):
        for item in value:
            yield from _documents(item, kind)
    elif isinstance(value, dict):
        if _is_policy(value):
            yield kind, value
            return
        for key, item in value.items():
            inner = "trust" if key == "AssumeRolePolicyDocument" else kind
            if key in _WRITTEN_AS_TEXT and (
                isinstance(item, str) or "Fn::Join" in item or "Fn::Sub" in item
            ):
                yield inner, item
            elif isinstance(item, dict | list):
                yield from _documents(item, inner)


def _statement(resource: Resource, kind: str, statement: Json) -> Statement:
    def text(value: Any) -> str:
        return resource.platform.text(resource.stack, value)

    principal: Any = statement.get("Principal", statement.get("NotPrincipal", {}))
    by_kind: Json = {"*": principal} if isinstance(principal, str) else principal
    conditions = {
        operator: {
            key.lower(): tuple(text(value) for value in as_list(values))
            for key, values in block.items()
        }
        for operator, block in statement.get("Condition", {}).items()
    }
    negations = ("NotAction", "NotResource", "NotPrincipal")
    return Statement(
        resource=resource,
        kind=kind,
        allows=statement["Effect"] == "Allow",
        actions=tuple(text(action) for action in as_list(statement.get("Action", "*"))),
        resources=tuple(as_list(statement.get("Resource", "*"))),
        principals=tuple(
            (key, text(name)) for key, names in by_kind.items() for name in as_list(names)
        ),
        conditions=conditions,
        sid=str(statement.get("Sid", "")),
        negated=tuple(key for key in negations if key in statement),
    )
