"""Run a task once for a deployment and report its result to CloudFormation."""

import os
import time
from collections.abc import Callable
from typing import Any

import boto3
from cloudformation import POLL_SECONDS, answer, when_granted

WAIT_SECONDS = 780
"""Thirteen minutes: within the fifteen of the function, which must stop a slow task before its own
timeout."""


def handler(event: dict[str, Any], _context: Any) -> None:
    """Answer CloudFormation: create and update run the task, delete does nothing."""

    def work() -> None:
        if event["RequestType"] != "Delete":
            run(boto3.client("ecs"), event["ResourceProperties"], token=event["RequestId"])

    answer(event, "task-run", work)


def run(
    ecs: Any,
    properties: dict[str, Any],
    *,
    token: str,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Run the task, wait for its end, and stop it if waiting fails.

    Args:
        ecs: client of Amazon ECS.
        properties: task definition, subnets and security group.
        token: id of the event. ECS starts one task for events with the same id.
        sleep: waits for seconds.
        clock: seconds since any moment.

    Raises:
        RuntimeError: if the task does not start, or its exit code is not 0.
        TimeoutError: if the task does not end within `WAIT_SECONDS`.
        ClientError: if ECS refuses a call.
    """
    end = clock() + WAIT_SECONDS
    arn = _start(ecs, properties, token, sleep)
    try:
        task = _wait(ecs, arn, sleep, lambda: clock() < end)
    except Exception:
        ecs.stop_task(
            cluster=os.environ["CLUSTER"], task=arn, reason="Its deployment stopped waiting"
        )
        raise
    # GuardDuty may add a container, which ends as the task ends or does not start (Amazon ECS
    # developer guide, Runtime Monitoring).
    (own,) = (each for each in task["containers"] if each["name"] == os.environ["CONTAINER"])
    code = own.get("exitCode")
    if code != 0:
        reason = task.get("stoppedReason")
        raise RuntimeError(f"the task ended with {code}, {reason}. Read {_log(arn)}.")


def _start(ecs: Any, properties: dict[str, Any], token: str, sleep: Callable[[float], None]) -> str:
    network = {
        "subnets": properties["Subnets"],
        "securityGroups": [properties["SecurityGroup"]],
        "assignPublicIp": "DISABLED",
    }

    def asked() -> Any:
        return ecs.run_task(
            cluster=os.environ["CLUSTER"],
            taskDefinition=properties["TaskDefinition"],
            launchType="FARGATE",
            count=1,
            clientToken=token,
            networkConfiguration={"awsvpcConfiguration": network},
        )

    started = when_granted(asked, sleep)
    if started["failures"]:
        raise RuntimeError(f"the task did not start: {started['failures'][0].get('reason')}")
    return str(started["tasks"][0]["taskArn"])


def _wait(
    ecs: Any, arn: str, sleep: Callable[[float], None], has_time: Callable[[], bool]
) -> dict[str, Any]:
    while has_time():
        # ECS may not list a task that it has just started (Amazon ECS API reference, RunTask).
        for task in ecs.describe_tasks(cluster=os.environ["CLUSTER"], tasks=[arn])["tasks"]:
            if task["lastStatus"] == "STOPPED":
                return dict(task)
        sleep(POLL_SECONDS)
    raise TimeoutError(
        f"the task did not end within {WAIT_SECONDS} seconds and was stopped. Read {_log(arn)}."
    )


def _log(arn: str) -> str:
    stream = f"{os.environ['STREAM']}/{arn.rpartition('/')[2]}"
    return f"log group {os.environ['LOG_GROUP']}, stream {stream}"
