"""Reads parameters of another stack for a deployment, and waits until that stack has created them."""

import json
import logging
import os
import re
import time
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any

import boto3
from botocore.exceptions import ClientError

log = logging.getLogger()

_BUCKETS = re.compile(r"https://cloudformation-custom-resource-response-[a-z0-9-]+\.s3[a-z0-9.-]*\.amazonaws\.com(\.cn)?/")
"""Addresses of answers: buckets of CloudFormation in each region (AWS CloudFormation user guide, custom resources, 2026-11)."""

WAIT_SECONDS = 840
"""Fourteen minutes; the function has fifteen."""
POLL_SECONDS = 5


def handler(event: dict[str, Any], _context: Any) -> None:
    """Answers CloudFormation: a create or an update returns the values, a delete does nothing."""
    require_cloudformation(event["ResponseURL"])
    status, reason, values = "SUCCESS", "", dict[str, str]()
    try:
        if event["RequestType"] != "Delete":
            asked = event["ResourceProperties"]
            values = read(boto3.client("ssm"), asked["Path"], asked["Names"])
    except Exception as error:
        log.exception("%s failed", event["RequestType"])
        status, reason = "FAILED", f"{type(error).__name__}: {error}"[:1000]
    body = {
        "Status": status,
        "Reason": reason,
        # It never changes: a new id would delete the old resource.
        "PhysicalResourceId": event.get("PhysicalResourceId", "deployed-values"),
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": values,
    }
    _put(event["ResponseURL"], json.dumps(body).encode())


def read(
    ssm: Any,
    path: str,
    names: Sequence[str],
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, str]:
    """Returns the values by name as soon as all exist.

    Args:
        ssm: client of Parameter Store.
        path: path of the parameters.
        names: names below the path, at most ten.
        sleep: waits for seconds.
        clock: seconds since any moment.

    Raises:
        TimeoutError: a parameter does not exist in time, or the function may not read it.
        ClientError: Parameter Store refuses for another reason.
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
                return {found["Name"].rpartition("/")[2]: found["Value"] for found in answer["Parameters"]}
            problem = f"{', '.join(answer['InvalidParameters'])}: no such parameter"
        sleep(POLL_SECONDS)
    raise TimeoutError(f"{problem} after {WAIT_SECONDS} seconds. Deploy the stack that creates it, then this one.")


def require_cloudformation(url: str) -> None:
    """Reject an event whose answer does not go to CloudFormation, before anything is done for it.

    Args:
        url: address of the answer. The embedded AWS answers at its own endpoint, which the functions of an account do not have.

    Raises:
        ValueError: another address.
    """
    embedded = os.environ.get("AWS_ENDPOINT_URL")
    if not _BUCKETS.match(url) and not (embedded and url.startswith(f"{embedded}/")):
        raise ValueError(f"{url!r} is no address of CloudFormation. Only CloudFormation sends such an event.")


def _put(url: str, body: bytes) -> None:
    # The URL is signed for exactly these headers: a content type would break the signature.
    request = urllib.request.Request(url, data=body, method="PUT", headers={"content-type": ""})  # noqa: S310 (CloudFormation's own URL)
    with urllib.request.urlopen(request, timeout=20):  # noqa: S310
        pass
