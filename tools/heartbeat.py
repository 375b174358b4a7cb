"""Runs a command, with a line for every few seconds of it: `python heartbeat.py pip install …`.

Needs nothing but Python, so that `make setup` can use it in a fresh clone.
"""

import subprocess
import sys
import time

_SECONDS = 4


def main(*command: str) -> int:
    """Returns the status of the command."""
    began = time.monotonic()
    with subprocess.Popen(command) as process:  # noqa: S603 - of our Makefile
        while True:
            try:
                return process.wait(_SECONDS)
            except subprocess.TimeoutExpired:
                print(f"  … {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
