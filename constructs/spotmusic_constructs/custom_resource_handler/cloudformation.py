"""Events of custom resources: their answers, and rights that take effect after the event."""

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
    r"https://cloudformation-custom-resource-response-[a-z0-9-]+\.s3[a-z0-9.-]*\.amazonaws\.com(\.cn)?/"
)
"""Addresses of answers: buckets of CloudFormation in each region (AWS CloudFormation user guide, custom resources, 2026-11)."""
GRANT_SECONDS = 60
"""Time that a changed policy of IAM has to take effect."""
POLL_SECONDS = 5


def answer(
    event: dict[str, Any], physical_id: str, work: Callable[[], Mapping[str, str] | None]
) -> None:
    """Does the work and tells CloudFormation how it went: without an answer a deployment hangs for an hour.

    Args:
        event: what CloudFormation sends.
        physical_id: id of the resource. It never changes: a new id would delete the old resource.
        work: what the event asks for; it returns the attributes of the resource, if it has any.
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
    """Returns the answer of a call whose right this deployment grants: a new right takes effect after seconds.

    Args:
        call: call of an AWS API.
        sleep: waits for seconds.

    Raises:
        ClientError: AWS refuses for another reason, or still after `GRANT_SECONDS`.
    """
    refusals = 0
    while True:
        try:
            return call()
        except ClientError as error:
            refusals += 1
            if (
                error.response["Error"]["Code"] != "AccessDeniedException"
                or refusals > GRANT_SECONDS // POLL_SECONDS
            ):
                raise
        sleep(POLL_SECONDS)


def require_cloudformation(url: str) -> None:
    """Reject an event whose answer does not go to CloudFormation, before anything is done for it.

    Args:
        url: address of the answer. The embedded AWS answers at its own endpoint, which the functions of an account do not have.

    Raises:
        ValueError: another address.
    """
    embedded = os.environ.get("AWS_ENDPOINT_URL")
    if not _BUCKETS.match(url) and not (embedded and url.startswith(f"{embedded}/")):
        raise ValueError(
            f"{url!r} is no address of CloudFormation. Only CloudFormation sends such an event."
        )


def _put(url: str, body: bytes) -> None:
    # The URL is signed for exactly these headers: a content type would break the signature.
    request = urllib.request.Request(url, data=body, method="PUT", headers={"content-type": ""})  # noqa: S310 (CloudFormation's own URL)
    with urllib.request.urlopen(request, timeout=20):  # noqa: S310
        pass
