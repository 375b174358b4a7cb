"""Ends of command lines: one message in place of a traceback for what their users can mend."""

import argparse
import os
import sys
from collections.abc import Callable
from typing import NoReturn

UNFINISHED, REFUSED, INTERRUPTED = 1, 2, 130


class CommandError(Exception):
    """Error that users can mend in their files or on their machine. The message has the advice."""


def run_command(main: Callable[[], int | None]) -> NoReturn:
    """Runs a command, and ends the process with its status.

    A CommandError that it leaves is printed; its status is 2. A closed pipe (`| head`) and Ctrl-C
    are silent.

    Args:
        main: the command; it returns its status, or None for 0.
    """
    try:
        status = main()
    except CommandError as error:
        print(error, file=sys.stderr)
        status = REFUSED
    except BrokenPipeError:
        if not _is_output_closed("\n"):  # it was the pipe to another process
            raise
        status = UNFINISHED
    except KeyboardInterrupt:
        status = INTERRUPTED
    if _is_output_closed():  # the interpreter flushes it again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


def _is_output_closed(text: str = "") -> bool:
    try:
        print(end=text, flush=True)
    except BrokenPipeError:
        return True
    return False


def positive(text: str) -> int:
    """Returns the number of an argument of argparse: 1 or more."""
    if not (text.isdecimal() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive integer. Use 1 or more.")
    return int(text)
