"""Logs, alarms, dashboards, topics, queues and budgets."""

from collections.abc import Iterator

from tools.local_aws import ACCOUNT
from tools.local_aws.verification.reading import Check, Reader, named, only


def _log_group(reader: Reader) -> Iterator[str]:
    groups = reader.api("logs").describe_log_groups(logGroupNamePrefix=reader.id)["logGroups"]
    group = named(groups, "logGroupName", reader.id)
    yield from reader.same("RetentionInDays", group.get("retentionInDays"))


def _metric_filter(reader: Reader) -> Iterator[str]:
    named(reader.api("logs").describe_metric_filters()["metricFilters"], "filterName", reader.id)
    yield from ()


def _log_policy(reader: Reader) -> Iterator[str]:
    named(reader.api("logs").describe_resource_policies()["resourcePolicies"], "policyName", reader.id)
    yield from ()


def _delivery(kind: str, key: str) -> Check:
    def check(reader: Reader) -> Iterator[str]:
        getattr(reader.api("logs"), f"get_{kind}")(**{key: reader.id})
        yield from ()

    return check


def _alarm(reader: Reader) -> Iterator[str]:
    alarm = only(reader.api("cloudwatch").describe_alarms(AlarmNames=[reader.id], AlarmTypes=["MetricAlarm"])["MetricAlarms"])
    yield from reader.same("ComparisonOperator", alarm["ComparisonOperator"])
    yield from reader.same("EvaluationPeriods", alarm["EvaluationPeriods"])
    if float(reader.wanted("Threshold", alarm["Threshold"])) != alarm["Threshold"]:
        yield f"Threshold is {alarm['Threshold']}, the template says {reader.wanted('Threshold')}"
    if len(alarm["AlarmActions"]) != len(reader.wanted("AlarmActions", [])):
        yield f"has {len(alarm['AlarmActions'])} actions, the template says {len(reader.wanted('AlarmActions', []))}"


def _composite_alarm(reader: Reader) -> Iterator[str]:
    found = reader.api("cloudwatch").describe_alarms(AlarmNames=[reader.id], AlarmTypes=["CompositeAlarm"])
    only(found["CompositeAlarms"])
    yield from ()


def _dashboard(reader: Reader) -> Iterator[str]:
    reader.api("cloudwatch").get_dashboard(DashboardName=reader.id)
    yield from ()


def _topic(reader: Reader) -> Iterator[str]:
    attributes = reader.api("sns").get_topic_attributes(TopicArn=reader.id)["Attributes"]
    yield from reader.same("DisplayName", attributes.get("DisplayName"))
    if reader.wanted("KmsMasterKeyId") and not attributes.get("KmsMasterKeyId"):
        yield "is not encrypted"


def _subscription(reader: Reader) -> Iterator[str]:
    found = reader.api("sns").list_subscriptions_by_topic(TopicArn=reader.id.rsplit(":", 1)[0])["Subscriptions"]
    yield from reader.same("Protocol", named(found, "SubscriptionArn", reader.id)["Protocol"])


def _queue(reader: Reader) -> Iterator[str]:
    reader.api("sqs").get_queue_attributes(QueueUrl=reader.id, AttributeNames=["QueueArn"])
    yield from ()


def _budget(reader: Reader) -> Iterator[str]:
    reader.api("budgets").describe_budget(AccountId=ACCOUNT, BudgetName=reader.id)
    yield from ()


CHECKS: dict[str, Check] = {
    "AWS::Logs::LogGroup": _log_group,
    "AWS::Logs::MetricFilter": _metric_filter,
    "AWS::Logs::ResourcePolicy": _log_policy,
    "AWS::Logs::DeliverySource": _delivery("delivery_source", "name"),
    "AWS::Logs::DeliveryDestination": _delivery("delivery_destination", "name"),
    "AWS::Logs::Delivery": _delivery("delivery", "id"),
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::CompositeAlarm": _composite_alarm,
    "AWS::CloudWatch::Dashboard": _dashboard,
    "AWS::SNS::Topic": _topic,
    "AWS::SNS::Subscription": _subscription,
    "AWS::SQS::Queue": _queue,
    "AWS::Budgets::Budget": _budget,
}
