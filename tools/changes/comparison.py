"""All changes between two sets of templates, worst first."""

from tools.changes import exceptions, order, published, releases, resources
from tools.changes.change import Change, Effect
from tools.model.templates import Templates


def compare(before: Templates, now: Templates) -> list[Change]:
    """Return the changes; harmless changes of a subject with a worse effect are omitted.

    Args:
        before: deployed templates.
        now: templates of the coming deployment.
    """
    rules = (resources, exceptions, order, published, releases)
    found = {change for rule in rules for change in rule.changes(before, now)}
    worse = {(change.stack, change.subject) for change in found if change.effect != Effect.NONE}
    kept = (
        change
        for change in found
        if change.effect != Effect.NONE or (change.stack, change.subject) not in worse
    )
    return sorted(kept, key=lambda change: (*change.rank, change.detail))
