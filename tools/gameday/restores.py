"""Durations of the steps in docs/runbooks/restore.md; docs/recovery.md has their sums.

No duration was measured on AWS. A measurement of a game day replaces the value, with its date.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil

from spotmusic_constructs.data.restore_testing import RECOVERY_HOURS

ASSUMED = "assumed, 2026-11"
TESTED = "maximum of restore tests"
"""`RestoreTesting` fails weekly restores that exceed it."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """Step of a procedure.

    Args:
        what: action.
        minutes: duration.
        source: source of the duration.
        numbers: numbers of the step in the runbook; none in unnumbered lists.
    """

    what: str
    minutes: int
    source: str = ASSUMED
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Restore:
    """Procedure of a restore.

    Args:
        anchor: heading in the runbook.
        steps: steps in their order until the service works again.
    """

    anchor: str
    steps: tuple[Step, ...]

    @property
    def minutes(self) -> int:
        return sum(step.minutes for step in self.steps)

    @property
    def objective(self) -> str:
        """Recovery time in whole hours, as in docs/recovery.md."""
        hours = ceil(self.minutes / 60)
        return f"{hours} hour{'s' if hours > 1 else ''}"


RESTORES: Mapping[str, Restore] = {
    "a database: dropped table, bad migration": Restore(
        anchor="a-database",
        steps=(
            Step(what="stop the cause, choose the second", minutes=10, numbers=(1,)),
            Step(what="record the settings", minutes=5, numbers=(2,)),
            Step(
                what="restore to a new instance",
                minutes=RECOVERY_HOURS["RDS"] * 60,
                source=TESTED,
                numbers=(3,),
            ),
            Step(what="check the copy", minutes=10, numbers=(4,)),
            Step(what="swap the names", minutes=10, numbers=(5,)),
            Step(
                what="deploy the stack `data` for the new master secret", minutes=10, numbers=(6,)
            ),
            Step(what="replace passwords, restart clients", minutes=10, numbers=(7,)),
        ),
    ),
    "the audio library or the web client: overwritten, deleted": Restore(
        anchor="objects-of-a-bucket",
        steps=(
            Step(what="revoke the access that deletes", minutes=10),
            Step(what="list the delete markers", minutes=15),
            Step(
                what="delete the markers: a million objects, a thousand per call",
                minutes=20,
                source="assumed, one call per second, 2026-11",
            ),
            Step(what="play some tracks, invalidate copies at the edge", minutes=10),
        ),
    ),
    "a bucket as a whole": Restore(
        anchor="objects-of-a-bucket",
        steps=(
            Step(what="choose the recovery point and its metadata", minutes=20),
            Step(what="restore into the bucket", minutes=RECOVERY_HOURS["S3"] * 60, source=TESTED),
            Step(what="compare numbers of objects, play some tracks", minutes=60),
        ),
    ),
    "a volume of Kubernetes": Restore(
        anchor="a-volume-of-kubernetes",
        steps=(
            Step(what="choose the recovery point", minutes=10),
            Step(what="restore it to a volume", minutes=40),
            Step(what="tag it, scale to zero, create volume and claim", minutes=20),
            Step(what="scale up, catch up", minutes=30),
            Step(what="check the restored data", minutes=10),
        ),
    ),
    "the cache as a whole": Restore(
        anchor="the-cache",
        steps=(
            Step(what="recreate the group: deploy the stack `data`", minutes=25),
            Step(what="deploy its users: `ecs-services`, `eks-platform`", minutes=25),
            Step(what="check errors and hit rate", minutes=5),
        ),
    ),
}
"""Procedures by their row in docs/recovery.md."""


def table() -> Iterator[str]:
    """Yields the lines of a table of all procedures."""
    yield "| failure | step | minutes | source |"
    yield "|---|---|---|---|"
    for row, restore in RESTORES.items():
        for step in restore.steps:
            yield f"| {row} | {step.what} | {step.minutes} | {step.source} |"
        total = f"**[sum](runbooks/restore.md#{restore.anchor})** | **{restore.minutes}**"
        yield f"| {row} | {total} | objective: {restore.objective} |"
