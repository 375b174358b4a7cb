"""Checks of the account: stacks, metrics, and delivery of alarms to recipients."""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from spotmusic_cdk.settings.observability import ObservabilitySettings
from tools.preflight.account import STACKS
from tools.preflight.finding import described
from tools.smoke.check import Check, FailedError, SkippedError
from tools.smoke.platform import Platform

_RECENT = timedelta(minutes=15)
"""Time until the heartbeat's alarm, the same as in `observability/heartbeat.py`."""
CATALOGUE = ("data", "AWS::RDS::DBInstance", "CatalogueInstance")
HEARTBEAT = ("observability", "AWS::SNS::Topic", "Heartbeat")
TESTED = ("observability", "AWS::CloudWatch::Alarm", "EventAlarmsFailedDeploymentsCountWarning")
"""Warning of an event. All recipients except the pager receive it, but not its end."""
_HISTORY_SECONDS = 60.0
_POLL_SECONDS = 2.0
_COMPLETE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})


def stacks(platform: Platform) -> str:
    """List stacks that are missing, in progress, or failed."""
    aws, found = platform.account, {}
    for name, region in STACKS.items():
        stack = described(
            aws.clients("cloudformation", region or platform.settings.region),
            platform.settings.stack_name(name),
        )
        found[name] = stack["StackStatus"] if stack else "not deployed"
    wrong = [f"{name} is {status}" for name, status in found.items() if status not in _COMPLETE]
    if wrong:
        raise FailedError(", ".join(wrong))
    return f"{len(found)} of {len(found)} complete"


def metrics(platform: Platform) -> str:
    """Read the newest sample of the catalogue's processor time in CloudWatch."""
    instance = platform.resource(*CATALOGUE)
    dimensions = {"DBInstanceIdentifier": instance}
    return f"CPU of {instance}: {_newest(platform, 'AWS/RDS', 'CPUUtilization', dimensions)}"


def heartbeat(platform: Platform) -> str:
    """Read the newest message of Prometheus to its topic, through Alertmanager."""
    topic = platform.resource(*HEARTBEAT).rpartition(":")[2]
    newest = _newest(platform, "AWS/SNS", "NumberOfMessagesPublished", {"TopicName": topic})
    return f"Prometheus and Alertmanager: {newest}"


def _newest(platform: Platform, namespace: str, metric: str, dimensions: Mapping[str, str]) -> str:
    now = datetime.now(UTC)
    answer = platform.account.home("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - _RECENT,
        EndTime=now,
        Period=60,
        Statistics=["Sum"],
    )
    times = [point["Timestamp"] for point in answer["Datapoints"] if point["Sum"] > 0]
    if times:
        return f"{max(0, round((now - max(times)).total_seconds() / 60))} minutes ago"
    if platform.embedded:
        raise SkippedError("the embedded AWS has no measurements")
    raise FailedError(f"no sample of {metric} in {_RECENT.seconds // 60} minutes")


def recipients(platform: Platform) -> str:
    """Compare the confirmed subscriptions of each topic with the addresses of the settings."""
    topics = [topic for topic in topics_of(platform.settings.observability) if topic[2]]
    if not topics:
        raise SkippedError(
            "the environment has no alarm_emails, alarm_endpoints and pager_endpoints "
            "in observability"
        )
    missing = defaultdict(list)
    for stack, topic, addresses in topics:
        for address in addresses - _confirmed(platform, stack, topic):
            missing[_shown(address)].append(f"{stack}/{topic}")
    if missing:
        raise FailedError(
            "; ".join(
                f"{address} is not confirmed at {', '.join(at)}"
                for address, at in sorted(missing.items())
            )
        )
    return f"{len(set.union(*(addresses for _, _, addresses in topics)))} recipients"


def topics_of(settings: ObservabilitySettings) -> Iterator[tuple[str, str, set[str]]]:
    """Yield stack, path and addresses of each topic with recipients."""
    addresses = {*settings.alarm_emails, *settings.alarm_endpoints}
    yield "data", "DatabaseEventsTopic", addresses
    for stack in ("observability", "edge"):
        yield stack, "AlarmTopic", addresses
        yield stack, "AlarmTopicPager", {*settings.pager_endpoints}


def _confirmed(platform: Platform, stack: str, topic: str) -> set[str]:
    arn = platform.resource(stack, "AWS::SNS::Topic", topic)
    client = platform.account.clients("sns", arn.split(":")[3])
    pages = client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
    found = (subscription for page in pages for subscription in page["Subscriptions"])
    # Unconfirmed and deleted subscriptions have a word instead of an ARN.
    return {
        each["Endpoint"]
        for each in found
        if platform.embedded or each["SubscriptionArn"].startswith("arn:")
    }


def _shown(address: str) -> str:
    """Return the host of an address, because the path may contain a key."""
    return urlsplit(address).hostname or address


def alarm(platform: Platform) -> str:
    """Set an alarm to ALARM, wait until CloudWatch publishes it, and restore its state."""
    client = platform.account.home("cloudwatch")
    name = platform.resource(*TESTED)
    found = next(iter(client.describe_alarms(AlarmNames=[name])["MetricAlarms"]), None)
    if found is None:
        raise FailedError(f"{name} was deleted outside CloudFormation")
    if found["StateValue"] == "ALARM":
        raise SkippedError(f"{name} is in ALARM already")
    began = datetime.now(UTC)
    client.set_alarm_state(
        AlarmName=name, StateValue="ALARM", StateReason="make smoke ALARM=1: a test, nothing failed"
    )
    try:
        _await_action(platform, name, began)
    finally:
        client.set_alarm_state(
            AlarmName=name,
            StateValue=found["StateValue"],
            StateReason="make smoke ALARM=1: the test ended",
        )
    return f"{name} was published, and is {found['StateValue']} again"


def _await_action(platform: Platform, name: str, began: datetime) -> None:
    client, until = platform.account.home("cloudwatch"), time.monotonic() + _HISTORY_SECONDS
    while time.monotonic() < until:
        items = client.describe_alarm_history(
            AlarmName=name, HistoryItemType="Action", StartDate=began
        )["AlarmHistoryItems"]
        summaries = [item["HistorySummary"] for item in items]
        if any("Successfully executed" in summary for summary in summaries):
            return
        if summaries:
            raise FailedError(summaries[0])
        if platform.embedded:
            raise SkippedError(
                "the embedded AWS has no history of actions; the state was set and restored"
            )
        time.sleep(_POLL_SECONDS)
    raise FailedError(f"CloudWatch did not publish the alarm within {_HISTORY_SECONDS:.0f} s")


_RECIPIENT = "docs/runbooks/monitoring.md#a-recipient-that-is-not-confirmed"
CHECKS = (
    Check("stacks", stacks, "docs/runbooks/failed-deployment.md"),
    Check("metrics", metrics, "docs/runbooks/monitoring.md"),
    Check("heartbeat", heartbeat, "docs/runbooks/monitoring.md"),
    Check("recipients", recipients, _RECIPIENT, again=False),
)
ALARM_TEST = Check("alarm", alarm, "docs/runbooks/monitoring.md", again=False)
