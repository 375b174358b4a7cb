"""Ends of command lines: one message in place of a traceback for what their users can mend."""

import argparse
import os
import sys
from collections.abc import Callable
from typing import NoReturn

REFUSED = 2


class CommandError(Exception):
    """Error that users can mend in their files or on their machine. The message has the advice."""


def run_command(main: Callable[[], int | None]) -> NoReturn:
    """Runs a command, and ends the process with its status: 2 for a CommandError that it leaves.

    Args:
        main: the command; it returns its status, or None for 0.
    """
    try:
        status = main()
        sys.stdout.flush()
    except CommandError as error:
        print(error, file=sys.stderr)
        status = REFUSED
    except BrokenPipeError:  # `| head` has read enough
        # The interpreter flushes stdout again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    sys.exit(status)


def positive(text: str) -> int:
    """Returns the number of an argument of argparse: 1 or more."""
    if not (text.isdecimal() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive integer. Use 1 or more.")
    return int(text)
