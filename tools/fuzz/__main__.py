"""`make fuzz`: thousands of mutated environment files, and complete syntheses of corner cases."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tests.conftest import ROOT
from tools.fuzz.corners import CORNERS, judge

DOCUMENTS = ROOT / "tests" / "fuzz" / "test_settings.py"
FAILED = "FAILED "
Ended = tuple[list[str], float]


def main() -> int:
    """Runs all parts in separate processes; prints a line for each and the verdict last.

    Returns:
        0 if nothing was found, 1 otherwise.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__)
    parser.add_argument("--examples", type=int, default=1000, help="examples of each kind of mutation (default: 1000)")
    parser.add_argument("--seed", default="", help="seed of the examples (default: random)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("--corner", help="check this corner only, in this process")
    options = parser.parse_args()
    return _alone(options.corner) if options.corner else _everything(options.examples, options.workers, options.seed)


def _alone(name: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        problems = judge(name, Path(folder))
    for problem in problems:
        print(f"{FAILED}{problem}")
    return int(bool(problems))


def _everything(examples: int, workers: int, seed: str) -> int:
    began, failed = time.monotonic(), 0
    with ThreadPoolExecutor(workers) as pool:
        parts = {pool.submit(_mutations, examples, seed): f"{2 * examples} mutated environment files"}
        parts |= {pool.submit(_corner, name): name for name in CORNERS}
        for part in as_completed(parts):
            problems, seconds = part.result()
            failed += bool(problems)
            print(f"{'FAILED' if problems else 'ok':<6} {seconds:5.1f} s  {parts[part]}", flush=True)
            print("".join(f"         {problem}\n" for problem in problems[:40]), end="")
    found = f"valid or one clear error: {2 * examples} files, {len(CORNERS)} corners"
    print(f"fuzz: {f'{failed} of {len(parts)} parts FAILED' if failed else found} ({time.monotonic() - began:.0f} s)")
    return int(failed > 0)


def _corner(name: str) -> Ended:
    code, lines, seconds = _run([sys.executable, "-m", "tools.fuzz", "--corner", name], {})
    told = [line.removeprefix(FAILED) for line in lines if line.startswith(FAILED)]
    return (told or (lines[-20:] if code else [])), seconds


def _mutations(examples: int, seed: str) -> Ended:
    seeded = [f"--hypothesis-seed={seed}"] if seed else []
    command = [sys.executable, "-m", "pytest", str(DOCUMENTS), "-q", "-p", "no:cacheprovider", *seeded]
    code, lines, seconds = _run(command, {"SPOTMUSIC_FUZZ_EXAMPLES": str(examples)})
    return (lines[-60:] if code else []), seconds


def _run(command: list[str], variables: dict[str, str]) -> tuple[int, list[str], float]:
    began = time.monotonic()
    folders = os.pathsep.join([str(ROOT), str(ROOT / "constructs")])
    environment = {**os.environ, "PYTHONPATH": folders, **variables}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return ended.returncode, (ended.stdout + ended.stderr).splitlines(), time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
