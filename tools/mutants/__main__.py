"""Seed faults in the synthesized environments and print the tests that catch them."""

import argparse
import random
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from spotmusic_cdk.command_line import positive, run_command
from tools.checkout import ROOT, settings_of
from tools.mutants.assembly import Assembly, Mutant, changed_settings, synthesized
from tools.mutants.generated import changes_of, excuses, kinds, reviewed
from tools.mutants.judges import NO_JUDGES_AT_RANDOM, Judges
from tools.mutants.report import LEAST, Report
from tools.mutants.table import rows

ENVIRONMENTS = ("dev", "staging", "prod")
GENERATED = ("dev", "prod")
"""Environments with generated faults."""
ELSEWHERE = ("bench", "engines", "fuzz", "local", "mutants", "own", "unit")
"""Folders of tests that do not read synthesized environments."""


def main() -> int:
    """Test the mutants that the command line selects; return 1 on failure."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument(
        "-k", default="", metavar="TEXT", help="seed only faults with this in their name"
    )
    parser.add_argument(
        "--most", type=int, default=6, help="places of each fault (default 6; 0 for all)"
    )
    parser.add_argument(
        "--random",
        type=positive,
        default=0,
        metavar="N",
        help="draw N of all generated faults instead",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw (default 0)")
    arguments = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        folder = Path(name)
        originals = {of: synthesized(folder / of, settings_of(of)) for of in ENVIRONMENTS}
        if arguments.random:
            mutants = at_random(originals, arguments.random, arguments.seed)
        else:
            faults = [
                *of_table(originals, folder, arguments.k),
                *of_kinds(originals["prod"], arguments.k),
            ]
            mutants = [mutant for of in faults for mutant in spread(of, arguments.most)]
        report = Report(mutants, least=LEAST if arguments.random else 100)
        judges = Judges(
            originals, mutants, report.take, NO_JUDGES_AT_RANDOM if arguments.random else ()
        )
        if ended := collected(folder, judges):
            return ended
        print(
            *report.closing(judges.failing_already),
            f"{time.monotonic() - started:.0f} seconds",
            sep="\n",
        )
        return bool([*report.problems()])


def of_table(
    originals: Mapping[str, Assembly], folder: Path, wanted: str
) -> Iterator[list[Mutant]]:
    """Yield the mutants of each row of the table with a text in its name."""
    for number, row in enumerate(row for row in rows() if wanted in row.name):
        assembly = originals[row.environment]
        if row.settings:
            changed = changed_settings(row.environment, row.settings)
            assembly = synthesized(folder / f"row-{number}", changed)
        yield list(row.mutants(assembly))


def of_kinds(original: Assembly, wanted: str) -> Iterator[list[Mutant]]:
    """Yield the mutants of each kind that every run seeds, with a text in its name."""
    for changes in kinds(changes_of(original)):
        mutants = [change.mutant() for change in changes]
        if wanted in mutants[0].fault:
            yield mutants


def at_random(originals: Mapping[str, Assembly], number: int, seed: int) -> list[Mutant]:
    """Draw from all generated faults except those reviewed as harmless."""
    excused = reviewed()
    changes = [change for of in GENERATED for change in changes_of(originals[of])]
    left = [change for change in changes if not any(excuses(entry, change) for entry in excused)]
    drawn = random.Random(seed).sample(left, min(number, len(left)))  # noqa: S311
    return [change.mutant() for change in drawn]


def spread(mutants: list[Mutant], most: int) -> list[Mutant]:
    """Select a number of mutants (0: all) at equal distances."""
    some = min(most or len(mutants), len(mutants))
    return [mutants[number * len(mutants) // some] for number in range(some)]


def collected(folder: Path, judges: Judges) -> int:
    """Collect the tests with pytest and run them with the plugin; return 0 if they ran."""
    ignored = [f"--ignore={ROOT / 'tests' / name}" for name in ELSEWHERE]
    # Explanations of failures take time and are not printed.
    quiet = "-qq --capture=no --no-header --no-summary --tb=native --assert=plain"
    options = f"{quiet} -p no:cacheprovider -p no:logging --basetemp={folder / 'tests'}"
    ended = pytest.main([str(ROOT / "tests"), *ignored, *options.split()], plugins=[judges])
    return 0 if ended in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED) else int(ended)


if __name__ == "__main__":
    run_command(main)
