"""Roles ask services for whom they come."""

from tests.properties import reviewed
from tests.properties.promise import Verdicts, rule
from tests.properties.resources import ACCOUNT, Platform
from tests.properties.statements import statements_of


@rule
def test_roles_ask_for_whom_a_service_comes(platform: Platform) -> Verdicts:
    """Promise 129 takes either of account and ARN; a role asks for both where the service tells both."""
    excused = set(reviewed.TELL_NO_SOURCE).union(*reviewed.TELL_NO_SOURCE_WITH.values())
    for statement in statements_of(platform):
        services = {who for kind, who in statement.principals if kind == "Service"} - excused
        if statement.kind == "trust" and services:
            account = statement.values("StringEquals", "aws:SourceAccount") == (ACCOUNT,)
            arn = services <= reviewed.TELL_ACCOUNT_ONLY or "aws:sourcearn" in statement.condition_keys
            yield statement.resource, account and arn, "Ask for aws:SourceAccount, and for aws:SourceArn where the service tells it."
