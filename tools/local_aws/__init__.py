"""Embedded AWS: the CDK CLI deploys the eight stacks to an emulator on loopback.

The engine is ministack, pinned exactly, because this package replaces some of its private names. A
contract test looks up each of them. Resource types that it lacks are recorded after validation
against CloudFormation's provider schema. The summary counts and names recorded types.
"""

from spotmusic_cdk.command_line import CommandError

ACCOUNT = "000000000000"
"""Account id of the embedded AWS, which replaces the environment's own.

AWS does not assign it to customers.
"""


def last_lines(text: str, number: int) -> str:
    """Return the last lines of an output, indented for the message of an error."""
    return "\n".join("  " + line for line in text.splitlines()[-number:])


class LocalAwsError(CommandError):
    """Expected failure of a command. The message has the cause and the remedy."""
