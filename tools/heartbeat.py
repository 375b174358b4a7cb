"""Runs a command, with a line for every few seconds of it: `python heartbeat.py pip install …`.

The lines go to standard error, so that the output of the command can be kept. Needs nothing but
Python, so that `make setup` can use it in a fresh clone.
"""

import subprocess
import sys
import time

_FIRST_SECONDS, _SECONDS = 2, 3
"""Two commands in a row are silent for less than five seconds."""

NOT_STARTED = 127
"""Status of a shell for a command that it can't find."""


def main(*command: str) -> int:
    """Returns the status of the command."""
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
