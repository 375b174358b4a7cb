"""Exit status and error messages of command lines."""

import argparse
import os
import sys
from collections.abc import Callable
from typing import NoReturn

UNFINISHED, REFUSED, INTERRUPTED = 1, 2, 130


class CommandError(Exception):
    """Error that users can correct. The message has the advice."""


def run_command(main: Callable[[], int | None]) -> NoReturn:
    """Run a command, and end the process with its status.

    Print a CommandError of the command and exit with status 2. A closed pipe (`| head`) and
    Ctrl-C print no message.

    Args:
        main: the command. It returns its status, or None for 0.
    """
    try:
        status = main()
    except CommandError as error:
        print(error, file=sys.stderr)
        status = REFUSED
    except BrokenPipeError:
        # The closed pipe belongs to another process.
        if not _is_output_closed("\n"):
            raise
        status = UNFINISHED
    except KeyboardInterrupt:
        status = INTERRUPTED
    if _is_output_closed():  # the interpreter flushes again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


def _is_output_closed(text: str = "") -> bool:
    try:
        print(end=text, flush=True)
    except BrokenPipeError:
        return True
    return False


def positive(text: str) -> int:
    """Return the number of an argument of argparse: 1 or more."""
    if not (text.isdecimal() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive integer. Use 1 or more.")
    return int(text)
