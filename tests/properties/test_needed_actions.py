"""Trust and rights have the actions and conditions that a service needs. docs/grants has all
actions of rights.
"""

import json
import re
from functools import cache
from importlib.metadata import distribution
from typing import Any

from tests.properties import reviewed
from tests.properties.promise import Verdicts, rule
from tools.model.assembly import Assembly
from tools.model.statements import statements_of
from tools.model.values import ACCOUNT

SESSIONS = {"pods.eks.amazonaws.com", "eks.amazonaws.com"}
"""Principals that pass tags of the session, and cannot assume a role without `sts:TagSession`."""
SWITCHES = {"Bool": "kms:GrantIsForAWSResource", "StringEquals": "aws:ResourceTag/managedByFIS"}
"""Conditions by operator that restrict a right only if they require true."""


@rule
def test_roles_require_source_of_services(platform: Assembly) -> Verdicts:
    """P-129 requires source account or ARN; a role requires what the service is documented to send:
    both, the account only, or nothing. It could not be assumed otherwise.
    """
    excused = set(reviewed.WITHOUT_SOURCE).union(*reviewed.WITHOUT_SOURCE_BY_OPTION.values())
    for statement in statements_of(platform):
        services = {who for kind, who in statement.principals if kind == "Service"}
        if statement.kind == "trust" and services:
            account = statement.values("StringEquals", "aws:SourceAccount") == (ACCOUNT,)
            arn = "aws:sourcearn" in statement.condition_keys
            arn_is_sent = not services <= reviewed.WITH_ACCOUNT_ONLY
            sent = (False, False) if services <= excused else (True, arn_is_sent)
            yield (
                statement.resource,
                (account, arn) == sent and services <= excused | reviewed.WITH_SOURCE.keys(),
                "Require the source that a document of the service has in its trust policies "
                "(WITH_SOURCE and WITHOUT_SOURCE in tests/properties/reviewed.py).",
            )
        if statement.kind == "trust" and services & SESSIONS:
            complete = {"sts:AssumeRole", "sts:TagSession"} <= set(statement.actions)
            yield (
                statement.resource,
                complete,
                "Allow sts:AssumeRole and sts:TagSession: EKS passes tags of the session.",
            )


@rule
def test_rights_ask_for_switches_that_are_on(platform: Assembly) -> Verdicts:
    """A condition such as GrantIsForAWSResource must require true: false would invert the right."""
    for statement in (statement for statement in statements_of(platform) if statement.allows):
        for operator, key in SWITCHES.items():
            said = statement.values(operator, key)
            yield statement.resource, said in ((), ("true",)), f"{key} is {said}."


@cache
def authorizations() -> dict[str, Any]:
    """Actions and types of resources by service (Service Authorization Reference, in cfn-lint)."""
    data = distribution("cfn-lint").locate_file("cfnlint/data/AdditionalSpecs/Policies.json")
    found: dict[str, Any] = json.loads(data.read_text())
    return found


@cache
def formats_of(action: str) -> frozenset[tuple[str, str]]:
    """ARNs of the types of resources of an action."""
    service, name = action.lower().split(":")
    reference = authorizations()[service]
    types = reference["Actions"][name].get("Resources", ())
    return frozenset(
        beginning(arn)
        for type_ in types
        for arn in reference["Resources"][type_.lower()]["ARNFormats"]
    )


def beginning(arn: str) -> tuple[str, str]:
    """Service of an ARN, and its resource up to the first wildcard or reference."""
    _, _, service, _, _, resource = arn.split(":", 5)
    return service, re.split(r"\.?\*|\$", resource)[0]


def has_type(arn: str, formats: frozenset[tuple[str, str]]) -> bool:
    service, name = beginning(arn)
    return any(
        service == of and (name.startswith(begins) or begins.startswith(name))
        for of, begins in formats
    )


@rule
def test_rights_name_resources_of_their_actions(platform: Assembly) -> Verdicts:
    """An ARN of a type that no action of its statement has allows nothing. An action is never
    allowed on ARNs of other types than its own.
    """
    for statement in statements_of(platform):
        texts = statement.texts()
        if statement.kind != "identity" or not statement.allows or "*" in texts:
            continue
        arns = [text for text in texts if text.startswith("arn:")]
        formats = {action: formats_of(action) for action in statement.actions}
        vain = [arn for arn in arns if not has_type(arn, frozenset().union(*formats.values()))]
        if arns == texts:  # a reference has a type that the template does not show
            vain += [
                action
                for action, of in formats.items()
                if action not in reviewed.NOT_IN_REFERENCE
                and not any(has_type(arn, of) for arn in arns)
            ]
        yield statement.resource, not vain, f"Correct or remove {', '.join(vain)} in {statement}."
