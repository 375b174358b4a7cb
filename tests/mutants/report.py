"""What became of the mutants, told as it is known."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.mutants.fault import Mutant, Verdict

LEAST = 95
"""Of a hundred mutants, those that have to be caught."""


@dataclass
class Report:
    """Collects verdicts, and prints a line for each fault when the last of its mutants is judged."""

    _verdicts: dict[str, list[Verdict]] = field(default_factory=lambda: defaultdict(list))
    _awaited: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def expect(self, mutants: Iterable[Mutant]) -> None:
        for mutant in mutants:
            self._awaited[mutant.fault.name] += 1

    def take(self, verdict: Verdict) -> None:
        name = verdict.mutant.fault.name
        of = self._verdicts[name]
        of.append(verdict)
        if len(of) >= self._awaited[name]:
            caught = [one for one in of if one.caught]
            tests = list(dict.fromkeys(test for one in caught for test in one.caught_by))
            print(f"{name:<56} {f'{len(caught)}/{len(of)}':>7}  {', '.join(tests[:3]) or 'NOBODY'}", flush=True)

    @property
    def verdicts(self) -> list[Verdict]:
        return [verdict for of in self._verdicts.values() for verdict in of]

    def problems(self) -> list[str]:
        """What makes the run a failure."""
        caught = sum(verdict.caught for verdict in self.verdicts)
        found = [f"Fewer than {LEAST} of 100 mutants are caught."] if caught * 100 < LEAST * len(self.verdicts) else []
        for name, of in self._verdicts.items():
            survives, survived = of[0].mutant.fault.survives, [verdict for verdict in of if not verdict.caught]
            if survived and not survives:
                found.append(f"{name}: survives without a reason. Assert what catches it, or say why nothing has to.")
            if survives and not survived:
                found.append(f"{name}: is caught. Take its reason for surviving away.")
        return found

    def closing(self, failing_already: Iterable[str]) -> list[str]:
        """What is said at the end: who survived, and what is wrong."""
        survivors = [_survivor(verdict) for verdict in self.verdicts if not verdict.caught]
        already = [f"Not asked, for it fails without any fault: {test}" for test in sorted(failing_already)]
        return [*(["", "Survivors:", *survivors] if survivors else []), *already, "", *self.problems()]

    def total(self) -> str:
        caught = sum(verdict.caught for verdict in self.verdicts)
        of = f"of {len(self._verdicts)} faults"
        return f"{len(self.verdicts)} mutants {of}, {caught} caught, {len(self.verdicts) - caught} survived"


def report_of_chance(verdicts: Sequence[Verdict], harmless: int, unused: Sequence[str]) -> tuple[list[str], list[str]]:
    """What is said of faults drawn at random, and what makes the run a failure.

    Args:
        verdicts: what became of those that are not harmless.
        harmless: how many are in the reviewed list.
        unused: entries of that list that fit no property.
    """
    survivors = [verdict.mutant.fault.name for verdict in verdicts if not verdict.caught]
    drawn, caught = len(verdicts) + harmless, len(verdicts) - len(survivors)
    lines = [f"  survives: {name}" for name in survivors]
    lines.append(f"{drawn} faults at random: {caught} caught, {harmless} harmless, {len(survivors)} survived")
    problems = [f"Fewer than {LEAST} of 100 are caught or harmless."] if (caught + harmless) * 100 < LEAST * drawn else []
    return lines, [*problems, *(f"{entry}: fits no property. Take it out of tests/mutants/harmless.py." for entry in unused)]


def _survivor(verdict: Verdict) -> str:
    fault = verdict.mutant.fault
    crashed = f" (tests that stumbled: {', '.join(verdict.crashes[:3])})" if verdict.crashes else ""
    return f"  {fault.name} in {verdict.mutant.place}: {fault.survives or f'NO REASON. {fault.harm}'}{crashed}"
