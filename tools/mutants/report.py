"""Report of the verdicts on mutants."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from tools.mutants.assembly import Mutant, Verdict

LEAST = 95
"""Minimum percentage of caught mutants in a random draw."""


class Report:
    """Report of verdicts, with a line per fault after its last mutant.

    Args:
        mutants: all tested mutants.
        least: minimum percentage of caught mutants.
    """

    def __init__(self, mutants: Iterable[Mutant], *, least: int) -> None:
        self._least = least
        self._of: dict[str, list[Mutant]] = defaultdict(list)
        self._verdicts: dict[str, list[Verdict]] = defaultdict(list)
        for mutant in mutants:
            self._of[mutant.fault].append(mutant)

    def take(self, verdict: Verdict) -> None:
        """Add a verdict."""
        fault = verdict.mutant.fault
        of = self._verdicts[fault]
        of.append(verdict)
        if len(of) == len(self._of[fault]):
            caught = [one for one in of if one.caught_by]
            tests = dict.fromkeys(test for one in caught for test in one.caught_by)
            share = f"{len(caught)}/{len(of)}"
            print(f"{fault:<56} {share:>7}  {', '.join(tests) or 'NONE'}", flush=True)

    def problems(self) -> Iterator[str]:
        """Yield the reasons why the run fails."""
        verdicts = [one for of in self._verdicts.values() for one in of]
        caught = sum(bool(one.caught_by) for one in verdicts)
        if caught * 100 < self._least * len(verdicts):
            yield (
                f"{caught} of {len(verdicts)} mutants are caught, fewer than {self._least} %. "
                "Assert what catches the others."
            )
        for fault, of in self._verdicts.items():
            by, tests = of[0].mutant.by, {test for one in of for test in one.caught_by}
            if tests and not any(test.startswith(by) for test in tests):
                caught_by = ", ".join(sorted(tests))
                yield f"{fault}: is caught by {caught_by}, not by {by}. Correct `by`."

    def closing(self, failing_already: Iterable[str]) -> Iterator[str]:
        """Yield the lines after those of the faults."""
        verdicts = [one for of in self._verdicts.values() for one in of]
        survivors = [one for one in verdicts if not one.caught_by]
        for one in survivors:
            crashed = f" (tests that crashed: {', '.join(one.crashes[:3])})" if one.crashes else ""
            yield f"survives: {one.mutant.name}{crashed}"
        yield from (
            f"excluded, it fails without a fault: {test}" for test in sorted(failing_already)
        )
        yield from self.problems()
        caught = len(verdicts) - len(survivors)
        yield (
            f"{len(verdicts)} mutants of {len(self._verdicts)} faults, "
            f"{caught} caught, {len(survivors)} survived"
        )
