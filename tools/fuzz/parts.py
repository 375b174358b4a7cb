"""Parts of `make fuzz`, with their problems and seconds."""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from tools.checkout import ROOT
from tools.fuzz.corners import judge

DOCUMENTS = ROOT / "tests" / "fuzz" / "test_settings.py"


def corner(name: str) -> tuple[list[str], float]:
    """Check a corner case without output."""
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        Path(os.devnull).open("w") as nowhere,
        redirect_stdout(nowhere),
        redirect_stderr(nowhere),
    ):
        problems = judge(name, Path(folder))
    return problems, time.monotonic() - began


def mutations(examples: int, seed: str) -> tuple[list[str], float]:
    """Run the tests of mutated files with a number of examples each."""
    began = time.monotonic()
    options = ["-q", "-p", "no:cacheprovider", *([f"--hypothesis-seed={seed}"] if seed else [])]
    command = [sys.executable, "-m", "pytest", str(DOCUMENTS), *options]
    environment = {**os.environ, "SPOTMUSIC_FUZZ_EXAMPLES": str(examples)}
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    output = (ended.stdout + ended.stderr).splitlines() if ended.returncode else []
    return output[-60:], time.monotonic() - began
