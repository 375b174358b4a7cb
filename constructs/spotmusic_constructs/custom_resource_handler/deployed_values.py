"""Read parameters of another stack for a deployment, once that stack has created them."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import boto3
from botocore.exceptions import ClientError
from cloudformation import POLL_SECONDS, answer

WAIT_SECONDS = 840
"""Fourteen minutes; the function has fifteen."""


def handler(event: dict[str, Any], _context: Any) -> None:
    """Answer CloudFormation: create and update return the values, delete does nothing."""

    def values() -> dict[str, str] | None:
        if event["RequestType"] == "Delete":
            return None
        asked = event["ResourceProperties"]
        return read(boto3.client("ssm"), asked["Path"], asked["Names"])

    answer(event, "deployed-values", values)


def read(
    ssm: Any,
    path: str,
    names: Sequence[str],
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, str]:
    """Return the values by name as soon as all exist.

    Args:
        ssm: client of Parameter Store.
        path: path of the parameters.
        names: names below the path, at most ten.
        sleep: waits for seconds.
        clock: seconds since any moment.

    Raises:
        TimeoutError: if a parameter is missing or unreadable until the time is over.
        ClientError: if Parameter Store refuses for another reason.
    """
    end = clock() + WAIT_SECONDS
    while clock() < end:
        try:
            answer = ssm.get_parameters(Names=[f"{path}/{name}" for name in names])
        except ClientError as error:
            # The right of a role that this deployment creates arrives seconds later.
            if error.response["Error"]["Code"] != "AccessDeniedException":
                raise
            problem = str(error)
        else:
            if not answer["InvalidParameters"]:
                return {
                    found["Name"].rpartition("/")[2]: found["Value"]
                    for found in answer["Parameters"]
                }
            problem = f"{', '.join(answer['InvalidParameters'])}: no such parameter"
        sleep(POLL_SECONDS)
    raise TimeoutError(
        f"{problem} after {WAIT_SECONDS} seconds. Deploy the stack that creates it, then this one."
    )
