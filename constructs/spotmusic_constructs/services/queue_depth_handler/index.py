"""Count the waiting messages of each queue of RabbitMQ, and publish the numbers."""

import base64
import json
import os
import ssl
import urllib.request
from collections import Counter
from collections.abc import Mapping
from typing import Any

_TIMEOUT_SECONDS = 10


def handler(_event: Mapping[str, Any], _context: object) -> dict[str, int]:
    """Publish the ready messages of every queue in `QUEUES`.

    Returns:
        Ready messages by queue, without queues that RabbitMQ does not count: without data, scaling
        keeps the number of tasks, and an alarm fires.
    """
    import boto3  # noqa: PLC0415 part of the runtime

    secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["USER_ARN"])
    user = json.loads(secret["SecretString"])
    context = trust(_authority(boto3))
    known = ready_messages(os.environ["ENDPOINT"], user["username"], user["password"], context)
    names = json.loads(os.environ["QUEUES"])
    wanted = {queue: known[queue] for queue in names if queue in known}
    for missing in sorted(set(names) - set(wanted)):
        message = "RabbitMQ does not count the messages of this queue"
        print(json.dumps({"level": "warning", "message": message, "queue": missing}))
    if wanted:
        boto3.client("cloudwatch").put_metric_data(**metric_data(wanted, os.environ))
    return wanted


def _authority(boto3: Any) -> str | None:
    """Return the certificate of RabbitMQ's authority, or None for a public one."""
    name = os.environ.get("AUTHORITY_PARAMETER")
    return str(boto3.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]) if name else None


def trust(authority: str | None) -> ssl.SSLContext:
    """Return a context that trusts only this authority, or those of the system."""
    context = ssl.create_default_context(cadata=authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def ready_messages(
    endpoint: str, username: str, password: str, context: ssl.SSLContext
) -> Counter[str]:
    """Read the management API; queues of one name in several virtual hosts count as one.

    A queue has no count while it is unavailable, and in the first seconds after its declaration or
    the start of its node, when messages may wait: it is omitted.
    """
    credentials = base64.b64encode(f"{username}:{password}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310 endpoint of the deployment
        f"{endpoint}/api/queues?columns=name,messages_ready",
        headers={"Authorization": f"Basic {credentials}"},
    )
    # A proxy variable or a redirect must not receive the credentials.
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context), _NoRedirect()
    )
    with opener.open(request, timeout=_TIMEOUT_SECONDS) as response:
        queues = json.load(response)
    ready: Counter[str] = Counter()
    for queue in queues:
        if "messages_ready" in queue:
            ready[queue["name"]] += queue["messages_ready"]
    return ready


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def metric_data(ready: Mapping[str, int], environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the metric data: one number per queue, with common dimensions."""
    common = json.loads(environment["DIMENSIONS"])
    return {
        "Namespace": environment["NAMESPACE"],
        "MetricData": [
            {
                "MetricName": environment["METRIC_NAME"],
                "Dimensions": [
                    {"Name": name, "Value": value}
                    for name, value in {**common, "Queue": queue}.items()
                ],
                "Value": count,
                "Unit": "Count",
            }
            for queue, count in ready.items()
        ],
    }
