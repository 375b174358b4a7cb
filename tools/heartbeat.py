"""Run a command and print a line every few seconds: `python heartbeat.py pip install …`.

The lines are written to standard error, which keeps the output of the command separate. The script
needs only Python, so `make setup` can use it in a fresh clone.
"""

import subprocess
import sys
import time

_FIRST_SECONDS, _SECONDS = 2, 3
"""Seconds between lines: two commands in a row are silent for less than five seconds."""

NOT_STARTED = 127
"""Exit status of a shell for a command that does not exist."""


def main(*command: str) -> int:
    """Return the exit status of the command."""
    began = time.monotonic()
    seconds = _FIRST_SECONDS
    try:
        process = subprocess.Popen(command)  # noqa: S603 - of our Makefile
    except OSError as error:
        print(f"{command[0]}: {error.strerror}. Install it, or run make setup.", file=sys.stderr)
        return NOT_STARTED
    with process:
        while True:
            try:
                return process.wait(seconds)
            except KeyboardInterrupt:  # the command has it as well
                return process.wait()
            except subprocess.TimeoutExpired:
                print(f"  … {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
                seconds = _SECONDS


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
