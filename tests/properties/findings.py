"""Verdicts from checks that return findings."""

from collections.abc import Iterable, Mapping

from tests.properties.promise import Verdicts


def judged(subjects: Iterable[str], findings: Iterable[str], fix: str, *, excused: Mapping[str, str] | None = None) -> Verdicts:
    """Yields a verdict on each subject from its findings.

    Args:
        subjects: names of all checked subjects.
        findings: findings, each prefixed with its subject; any other finding is its own subject.
        fix: remedy.
        excused: reason by prefix of an accepted finding. An unused excuse fails.
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
