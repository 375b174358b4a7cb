"""Statements contain all actions that a feature needs together."""

from fnmatch import fnmatchcase

from tests.model.assembly import Assembly, Resource
from tests.properties.needed_actions import DIVIDED, NEEDED, SESSIONS, Needed
from tests.properties.promise import Verdicts, rule
from tests.properties.reviewed import PEOPLE
from tests.properties.statements import Statement, statements_of


def rows(statement: Statement) -> list[Needed]:
    """Rows that apply to a statement."""
    return [
        row
        for row in NEEDED
        if fnmatchcase(statement.resource.name, row.where)
        and row.telling & set(statement.actions)
        and statement.resource.name not in DIVIDED
    ]


@rule
def test_rights_have_every_needed_action(platform: Assembly) -> Verdicts:
    for statement in statements_of(platform):
        if "*" in statement.actions:
            continue
        its = rows(statement)
        for row in its:
            lacking = sorted(row.every - set(statement.actions))
            yield statement.resource, not lacking, f"Add {', '.join(lacking)} to {statement} ({row.source})."
        # People's rights are held to the commands of runbooks (tests/contracts/test_access.py).
        person = statement.resource.name.startswith(PEOPLE)
        known = len(statement.actions) < 2 or bool(its) or statement.resource.name in DIVIDED or person
        yield statement.resource, known, f"Add the actions of {statement} to tests/properties/needed_actions.py, with their source."


@rule
def test_every_needed_right_is_there(platform: Assembly) -> Verdicts:
    judged = [(statement, rows(statement)) for statement in statements_of(platform)]
    present: dict[Needed, set[Resource]] = {}
    for statement, its in judged:
        for row in its:
            present.setdefault(row, set()).add(statement.resource)
    policies = {statement.resource for statement, _ in judged}
    for row in NEEDED:
        if "*" not in row.where:
            for policy in policies:
                if policy.name == row.where:
                    yield policy, policy in present.get(row, ()), f"Allow {row.actions} ({row.source})."


@rule
def test_sessions_with_tags_can_be_assumed(platform: Assembly) -> Verdicts:
    for statement in statements_of(platform):
        if statement.kind == "trust" and any(who in SESSIONS for _, who in statement.principals) and statement.allows:
            complete = {"sts:AssumeRole", "sts:TagSession"} <= set(statement.actions)
            yield statement.resource, complete, "Allow sts:AssumeRole and sts:TagSession: EKS passes tags of the session."
