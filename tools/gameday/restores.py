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


@dataclass(frozen=True)
class Step:
    """Step of a procedure.

    Args:
        what: action.
        minutes: duration.
        source: source of the duration.
    """

    what: str
    minutes: int
    source: str = ASSUMED


@dataclass(frozen=True)
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
        "a-database",
        (
            Step("stop the cause, choose the second", minutes=10),
            Step("record the settings", minutes=5),
            Step("restore to a new instance", minutes=RECOVERY_HOURS["RDS"] * 60, source=TESTED),
            Step("check the copy", minutes=10),
            Step("swap the names", minutes=10),
            Step("deploy the stack `data` for the new master secret", minutes=10),
            Step("replace passwords, restart clients", minutes=10),
        ),
    ),
    "the audio library or the web client: overwritten, deleted": Restore(
        "objects-of-a-bucket",
        (
            Step("revoke the access that deletes", minutes=10),
            Step("list the delete markers", minutes=15),
            Step(
                "delete the markers: a million objects, a thousand per call",
                minutes=20,
                source="assumed, one call per second, 2026-11",
            ),
            Step("play some tracks, invalidate copies at the edge", minutes=10),
        ),
    ),
    "a bucket as a whole": Restore(
        "objects-of-a-bucket",
        (
            Step("choose the recovery point and its metadata", minutes=20),
            Step("restore into the bucket", minutes=RECOVERY_HOURS["S3"] * 60, source=TESTED),
            Step("compare numbers of objects, play some tracks", minutes=60),
        ),
    ),
    "a volume of Kubernetes": Restore(
        "a-volume-of-kubernetes",
        (
            Step("choose the recovery point", minutes=10),
            Step("restore it to a volume", minutes=40),
            Step("tag it, scale to zero, create volume and claim", minutes=20),
            Step("scale up, catch up", minutes=30),
            Step("check the restored data", minutes=10),
        ),
    ),
    "the cache as a whole": Restore(
        "the-cache",
        (
            Step("create the group by hand, under its old id", minutes=25),
            Step("revert its drift: deploy the stack `data`", minutes=25),
            Step("check errors and hit rate", minutes=5),
        ),
    ),
}
"""Procedures by their row in docs/recovery.md."""


def table() -> Iterator[str]:
    """Yield the lines of a table of all procedures."""
    yield "| failure | step | minutes | source |"
    yield "|---|---|---|---|"
    for row, restore in RESTORES.items():
        for step in restore.steps:
            yield f"| {row} | {step.what} | {step.minutes} | {step.source} |"
        total = f"**[sum](runbooks/restore.md#{restore.anchor})** | **{restore.minutes}**"
        yield f"| {row} | {total} | objective: {restore.objective} |"
