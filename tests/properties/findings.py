"""Checks that find what is wrong, as verdicts on everything that they looked at."""

from collections.abc import Iterable, Mapping

from tests.properties.promise import Verdicts


def judged(subjects: Iterable[str], findings: Iterable[str], fix: str, *, excused: Mapping[str, str] | None = None) -> Verdicts:
    """Yields each subject with what was found of it.

    Args:
        subjects: everything that was looked at, by name.
        findings: what was found, each beginning with the name of its subject; one that speaks of no subject is its own.
        fix: what to do.
        excused: reason by the beginning of a finding that is meant. An excuse that nothing needs any more is a problem itself.
    """
    found, excused = list(findings), excused or {}
    left = [finding for finding in found if not finding.startswith(tuple(excused))]
    for subject in dict.fromkeys(subjects):
        mine = [finding for finding in left if finding == subject or finding.startswith((f"{subject}:", f"{subject} "))]
        left = [finding for finding in left if finding not in mine]
        yield subject, not mine, f"{fix} Found: {'; '.join(mine)}."
    yield from ((finding, False, fix) for finding in left)
    for excuse, reason in excused.items():
        needed = any(finding.startswith(excuse) for finding in found)
        yield (
            f"excuse of {excuse}",
            needed and len(reason) >= 20,
            "The excuse is unused or its reason is too short. Remove it or complete the reason.",
        )
