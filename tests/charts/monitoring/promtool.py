"""promtool and amtool from PATH or from `make tools`."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[3] / ".tools" / "usr" / "bin"


def run(tool: str, *arguments: str | Path) -> str:
    """Run a tool and return its output. The test is skipped without the tool."""
    found = shutil.which(tool, path=f"{os.environ.get('PATH', '')}:{TOOLS}")
    if not found:
        pytest.skip(
            f"{tool} is missing: `make tools` fetches it from Debian, without root; "
            "or put one in PATH"
        )
    done = subprocess.run(
        [found, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
