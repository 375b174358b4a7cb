"""Runs a task once for a deployment, waits for its end, and tells CloudFormation how it went."""

import json
import logging
import os
import re
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError

log = logging.getLogger()

_BUCKETS = re.compile(r"https://cloudformation-custom-resource-response-[a-z0-9-]+\.s3[a-z0-9.-]*\.amazonaws\.com(\.cn)?/")
"""Addresses of answers: buckets of CloudFormation in each region (AWS CloudFormation user guide, custom resources, 2026-11)."""

WAIT_SECONDS = 780
"""Thirteen minutes: the function has fifteen, and stops a task that takes longer before it ends itself."""
GRANT_SECONDS = 60
"""Time that a changed policy of IAM has to take effect."""
POLL_SECONDS = 5


def handler(event: dict[str, Any], _context: Any) -> None:
    """Answers CloudFormation: a create or an update runs the task, a delete does nothing."""
    require_cloudformation(event["ResponseURL"])
    status, reason = "SUCCESS", ""
    try:
        if event["RequestType"] != "Delete":
            run(boto3.client("ecs"), event["ResourceProperties"], token=event["RequestId"])
    except Exception as error:
        log.exception("%s failed", event["RequestType"])
        status, reason = "FAILED", f"{type(error).__name__}: {error}"[:1000]
    body = {
        "Status": status,
        "Reason": reason,
        # It never changes: a new id would delete the old resource.
        "PhysicalResourceId": event.get("PhysicalResourceId", "task-run"),
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    _put(event["ResponseURL"], json.dumps(body).encode())


def run(ecs: Any, properties: dict[str, Any], *, token: str, sleep: Callable[[float], None] = time.sleep) -> None:
    """Runs the task and waits. A task whose end it does not see is stopped.

    Args:
        ecs: client of Amazon ECS.
        properties: task definition, subnets and security group.
        token: tells an event that comes twice from two: ECS starts one task for it.
        sleep: waits for seconds.

    Raises:
        RuntimeError: the task did not start, or ended with another code than 0.
        TimeoutError: it did not end in time.
        ClientError: ECS refuses a call.
    """
    arn = _start(ecs, properties, token, sleep)
    try:
        task = _wait(ecs, arn, sleep)
    except Exception:
        ecs.stop_task(cluster=os.environ["CLUSTER"], task=arn, reason="Its deployment waits no longer")
        raise
    codes = [container.get("exitCode") for container in task["containers"]]
    if codes != [0]:
        raise RuntimeError(f"the task ended with {codes}, {task.get('stoppedReason')}: {_log(arn)}")


def _start(ecs: Any, properties: dict[str, Any], token: str, sleep: Callable[[float], None]) -> str:
    network = {"subnets": properties["Subnets"], "securityGroups": [properties["SecurityGroup"]], "assignPublicIp": "DISABLED"}
    refusals = 0
    while True:
        try:
            started = ecs.run_task(
                cluster=os.environ["CLUSTER"],
                taskDefinition=properties["TaskDefinition"],
                launchType="FARGATE",
                count=1,
                clientToken=token,
                networkConfiguration={"awsvpcConfiguration": network},
            )
            break
        except ClientError as error:
            refusals += 1
            # The right to run a new revision arrives seconds after this deployment has granted it.
            if error.response["Error"]["Code"] != "AccessDeniedException" or refusals > GRANT_SECONDS // POLL_SECONDS:
                raise
        sleep(POLL_SECONDS)
    if started["failures"]:
        raise RuntimeError(f"the task did not start: {started['failures'][0].get('reason')}")
    return str(started["tasks"][0]["taskArn"])


def _wait(ecs: Any, arn: str, sleep: Callable[[float], None]) -> dict[str, Any]:
    for _ in range(WAIT_SECONDS // POLL_SECONDS):
        # ECS may not show a task yet that it has just started (Amazon ECS API reference, RunTask).
        for task in ecs.describe_tasks(cluster=os.environ["CLUSTER"], tasks=[arn])["tasks"]:
            if task["lastStatus"] == "STOPPED":
                return dict(task)
        sleep(POLL_SECONDS)
    raise TimeoutError(f"the task took more than {WAIT_SECONDS} seconds and was stopped: {_log(arn)}")


def _log(arn: str) -> str:
    return f"log group {os.environ['LOG_GROUP']}, stream {os.environ['STREAM']}/{arn.rpartition('/')[2]}"


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
