"""Answers to events of custom resources, and retries until new rights take effect."""

import json
import logging
import os
import re
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from botocore.exceptions import ClientError

T = TypeVar("T")
log = logging.getLogger()

_BUCKETS = re.compile(
    r"https://cloudformation-custom-resource-response-[a-z0-9-]+"
    r"\.s3[a-z0-9.-]*\.amazonaws\.com(\.cn)?/"
)
"""Addresses of answers: buckets of CloudFormation in each region (AWS CloudFormation user guide,
custom resources, 2026-11)."""
GRANT_SECONDS = 60
"""Time until a change of an IAM policy takes effect."""
POLL_SECONDS = 5


def answer(
    event: dict[str, Any], physical_id: str, work: Callable[[], Mapping[str, str] | None]
) -> None:
    """Do the work and send its result to CloudFormation.

    Without an answer, a deployment waits for an hour.

    Args:
        event: event of CloudFormation.
        physical_id: id of the resource. It never changes: a new id would delete the old resource.
        work: handles the event, and returns the attributes of the resource, if it has any.
    """
    require_cloudformation(event["ResponseURL"])
    status, reason, attributes = "SUCCESS", "", None
    try:
        attributes = work()
    except Exception as error:
        log.exception("%s failed", event["RequestType"])
        status, reason = "FAILED", f"{type(error).__name__}: {error}"[:1000]
    body = {
        "Status": status,
        "Reason": reason,
        "PhysicalResourceId": event.get("PhysicalResourceId", physical_id),
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        **({"Data": attributes} if attributes else {}),
    }
    _put(event["ResponseURL"], json.dumps(body).encode())


def when_granted(call: Callable[[], T], sleep: Callable[[float], None]) -> T:
    """Return the result of a call that needs a right granted by this deployment.

    A new right takes effect after seconds: the call is repeated while access is denied, and while
    ECS cannot assume a new role.

    Args:
        call: call of an AWS API.
        sleep: waits for seconds.

    Raises:
        ClientError: if access is denied for longer than `GRANT_SECONDS`, or the call fails for
            another reason.
    """
    refusals = 0
    while True:
        try:
            return call()
        except ClientError as error:
            refusals += 1
            if not _is_refusal(error) or refusals > GRANT_SECONDS // POLL_SECONDS:
                raise
        sleep(POLL_SECONDS)


def _is_refusal(error: ClientError) -> bool:
    # RunTask has no error code of its own for a role that ECS cannot assume.
    code = error.response["Error"]["Code"]
    return code == "AccessDeniedException" or "ECS was unable to assume the role" in str(error)


def require_cloudformation(url: str) -> None:
    """Reject an event with an answer address outside CloudFormation, before any work is done.

    Args:
        url: address of the answer. The embedded AWS has its own endpoint, which functions of an
            account do not have.

    Raises:
        ValueError: if the address is not CloudFormation's.
    """
    embedded = os.environ.get("AWS_ENDPOINT_URL")
    if not _BUCKETS.match(url) and not (embedded and url.startswith(f"{embedded}/")):
        raise ValueError(
            f"{url!r} is no address of CloudFormation. Only CloudFormation sends such an event."
        )


def _put(url: str, body: bytes) -> None:
    # The URL is signed for exactly these headers: a content type would break the signature.
    request = urllib.request.Request(  # noqa: S310 (`require_cloudformation` checks the URL)
        url, data=body, method="PUT", headers={"content-type": ""}
    )
    with urllib.request.urlopen(request, timeout=20):  # noqa: S310
        pass
