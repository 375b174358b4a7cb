"""Seeds faults in the synthesized environments, and asks the tests: `make mutants` prints who found what, and who nobody found."""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from spotmusic_cdk.settings import SettingsError
from tests.conftest import ROOT
from tests.mutants.assemblies import Assemblies
from tests.mutants.catalogue import FAULTS, SETTINGS_FAULTS
from tests.mutants.fault import Mutant, SettingsFault, Verdict
from tests.mutants.judges import NO_JUDGES_OF_CHANCE, Judges
from tests.mutants.random_faults import population, reviewed, unused
from tests.mutants.report import Report, report_of_chance
from tests.unit.settings.test_errors import INVALID, INVALID_IN_PRODUCTION

ELSEWHERE = ("bench", "fuzz", "local", "unit")
"""Folders of tests that look at no synthesized environment."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-k", default="", metavar="TEXT", help="seed only faults that have this in their name")
    parser.add_argument("--most", type=int, default=6, help="places in which a fault is seeded, spread over all that fit; 0 for every one")
    parser.add_argument("--random", type=int, default=0, metavar="N", help="draw so many faults among all properties instead")
    parser.add_argument("--seed", type=int, default=0, help="number that the draw follows from")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        if arguments.random:
            return judged_at_random(Path(folder), arguments.random, arguments.seed)
        return judged(Path(folder), arguments.k, arguments.most)


def judged(folder: Path, wanted: str, most: int) -> int:
    """Judges the faults whose names have a text in them, and says what became of them."""
    started = time.monotonic()
    assemblies = Assemblies(folder)
    found = Report()
    mutants = [
        mutant
        for fault in FAULTS
        if wanted in fault.name
        for mutant in spread(list(fault.mutants(assemblies.seed(fault.environment))), most)
    ]
    mutants += [mutant for fault in SETTINGS_FAULTS if wanted in fault.name for mutant in accepted(assemblies, fault, found)]
    found.expect(mutants)
    judges = Judges(assemblies=assemblies, mutants=mutants, tell=found.take)
    if ended := asked(folder, judges):
        return ended
    print(*found.closing(judges.failing_already), f"{time.monotonic() - started:.0f} seconds", found.total(), sep="\n")
    return bool(found.problems())


def judged_at_random(folder: Path, number: int, seed: int) -> int:
    """Draws faults among all properties of all templates, and says how many in a hundred are caught or harmless."""
    started = time.monotonic()
    assemblies = Assemblies(folder)
    faults = population(assemblies)
    drawn = random.Random(seed).sample(faults, min(number, len(faults)))  # noqa: S311
    harmless = [fault for fault in drawn if reviewed(fault)]
    verdicts: list[Verdict] = []
    judges = Judges(
        assemblies=assemblies,
        mutants=[fault.mutant() for fault in drawn if not reviewed(fault)],
        tell=verdicts.append,
        excused=NO_JUDGES_OF_CHANCE,
        enough=1,
    )
    if ended := asked(folder, judges):
        return ended
    lines, problems = report_of_chance(verdicts, len(harmless), unused(faults))
    print(*lines, f"{time.monotonic() - started:.0f} seconds, {len(faults)} faults to draw from, seed {seed}", *problems, sep="\n")
    return bool(problems)


def asked(folder: Path, judges: Judges) -> int:
    """Lets pytest collect the tests and the judges ask them; 0 when they were asked."""
    ignored = [f"--ignore={ROOT / 'tests' / name}" for name in ELSEWHERE]
    quiet = ["--quiet", "--quiet", "--capture=no", "--no-header", "--no-summary"]
    options = [*quiet, "-p", "no:cacheprovider", f"--basetemp={folder / 'tests'}"]
    ended = pytest.main([str(ROOT / "tests"), *ignored, *options], plugins=[judges])
    return 0 if ended in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED) else int(ended)


def spread(mutants: list[Mutant], most: int) -> list[Mutant]:
    """Picks some of many, at the same distance from each other."""
    if not most or len(mutants) <= most:
        return mutants
    return [mutants[number * len(mutants) // most] for number in range(most)]


def accepted(assemblies: Assemblies, fault: SettingsFault, found: Report) -> Iterator[Mutant]:
    """Gives the mutant of an environment file; one that is refused when it is read is caught already."""
    mutant = Mutant(fault=fault, place=", ".join(fault.says))
    try:
        assemblies.of(fault)
    except SettingsError as error:
        found.take(Verdict(mutant=mutant, caught_by=refusing(str(error))))
    else:
        yield mutant


def refusing(said: str) -> list[str]:
    """Names of the tests by which an environment file is refused with these words, or about the same key."""
    cases = {f"test_production_rejects_weak_settings[{case}]": expected for case, (_, expected) in INVALID_IN_PRODUCTION.items()}
    cases |= {f"test_invalid_settings_name_key_and_remedy[{case}]": expected for case, (_, expected) in INVALID.items()}
    said = said.partition(": ")[2]
    literally = [test for test, expected in cases.items() if expected in said]
    return literally or [test for test, expected in cases.items() if said.startswith(f"{expected.partition(':')[0]}:")]


if __name__ == "__main__":
    sys.exit(main())
