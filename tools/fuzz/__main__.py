"""`make fuzz`: thousands of mutated environment files, and complete syntheses of corner cases."""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from spotmusic_cdk.command_line import run_command
from tools.fuzz.corners import CORNERS
from tools.fuzz.parts import corner, mutations

EXAMPLES, WORKERS = 1000, 2
"""Examples of each kind of mutation, and processes."""


def main() -> int:
    """Run all parts in processes that load CDK and the linter once.

    Print a line per part and the verdict.

    Returns:
        0 without problems, otherwise 1.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__)
    parser.add_argument("--seed", default="", help="seed of the examples (default: random)")
    options = parser.parse_args()
    files = f"{2 * EXAMPLES} mutated environment files"
    began, failed = time.monotonic(), 0
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        parts = {pool.submit(mutations, EXAMPLES, options.seed): files} | {
            pool.submit(corner, name): name for name in CORNERS
        }
        for part in as_completed(parts):
            problems, seconds = part.result()
            failed += bool(problems)
            print(
                f"{'FAILED' if problems else 'ok':<6} {seconds:5.1f} s  {parts[part]}", flush=True
            )
            print("".join(f"         {problem}\n" for problem in problems[:40]), end="")
    found = f"valid or one clear error: {files}, {len(CORNERS)} corners"
    outcome = f"{failed} of {len(parts)} parts FAILED" if failed else found
    print(f"fuzz: {outcome} ({time.monotonic() - began:.0f} s)")
    return int(failed > 0)


if __name__ == "__main__":
    run_command(main)
