"""Every change between two sets of templates, the worst first."""

from tools.changes import exceptions, order, releases, resources
from tools.changes.assembly import Templates
from tools.changes.change import Change, Effect


def compare(before: Templates, now: Templates) -> list[Change]:
    """Returns the changes; of a subject with a worse effect, what interrupts nothing is left out.

    Args:
        before: templates that are deployed.
        now: templates of the coming deployment.
    """
    found = {*resources.changes(before, now), *exceptions.changes(before, now), *order.changes(before, now), *releases.changes(before, now)}
    worse = {(change.stack, change.subject) for change in found if change.effect != Effect.NONE}
    kept = (change for change in found if change.effect != Effect.NONE or (change.stack, change.subject) not in worse)
    return sorted(kept, key=lambda change: (*change.rank, change.told))
