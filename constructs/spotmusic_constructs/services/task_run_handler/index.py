"""Runs a task once for a deployment, waits for its end, and tells CloudFormation how it went."""

import json
import logging
import os
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import boto3

log = logging.getLogger()

WAIT_SECONDS = 780
"""Thirteen minutes: the function has fifteen, and stops a task that takes longer before it ends itself."""
POLL_SECONDS = 5


def handler(event: dict[str, Any], _context: Any) -> None:
    """Answers CloudFormation: a create or an update runs the task, a delete does nothing."""
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
    """Runs the task and waits.

    Args:
        ecs: client of Amazon ECS.
        properties: task definition, subnets and security group.
        token: tells an event that comes twice from two: ECS starts one task for it.
        sleep: waits for seconds.

    Raises:
        RuntimeError: the task did not start, or ended with another code than 0.
        TimeoutError: it did not end in time, and was stopped.
    """
    network = {"subnets": properties["Subnets"], "securityGroups": [properties["SecurityGroup"]], "assignPublicIp": "DISABLED"}
    started = ecs.run_task(
        cluster=os.environ["CLUSTER"],
        taskDefinition=properties["TaskDefinition"],
        launchType="FARGATE",
        count=1,
        clientToken=token,
        networkConfiguration={"awsvpcConfiguration": network},
    )
    if started["failures"]:
        raise RuntimeError(f"the task did not start: {started['failures'][0].get('reason')}")
    arn = started["tasks"][0]["taskArn"]
    place = f"log group {os.environ['LOG_GROUP']}, stream {os.environ['STREAM']}/{arn.rpartition('/')[2]}"
    for _ in range(WAIT_SECONDS // POLL_SECONDS):
        (task,) = ecs.describe_tasks(cluster=os.environ["CLUSTER"], tasks=[arn])["tasks"]
        if task["lastStatus"] == "STOPPED":
            codes = [container.get("exitCode") for container in task["containers"]]
            if codes != [0]:
                raise RuntimeError(f"the task ended with {codes}, {task.get('stoppedReason')}: {place}")
            return
        sleep(POLL_SECONDS)
    ecs.stop_task(cluster=os.environ["CLUSTER"], task=arn, reason="It took longer than a deployment waits")
    raise TimeoutError(f"the task took more than {WAIT_SECONDS} seconds and was stopped: {place}")


def _put(url: str, body: bytes) -> None:
    # The URL is signed for exactly these headers: a content type would break the signature.
    request = urllib.request.Request(url, data=body, method="PUT", headers={"content-type": ""})  # noqa: S310 (CloudFormation's own URL)
    with urllib.request.urlopen(request, timeout=20):  # noqa: S310
        pass
