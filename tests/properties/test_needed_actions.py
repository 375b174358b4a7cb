"""Trust and rights have the actions and conditions that a service needs. docs/grants has all
actions of rights.
"""

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
