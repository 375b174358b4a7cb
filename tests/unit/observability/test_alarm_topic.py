import pytest
from aws_cdk import aws_kms as kms

from spotmusic_constructs.observability.alarm_topic import AlarmTopic
from spotmusic_constructs.observability.monthly_budget import DailyBudget, MonthlyBudget
from tests.conftest import new_stack
from tests.model.values import Json
from tests.templates import all_of, resources_of

KEY = "arn:aws:kms:sa-east-1:111122223333:key/notifications"


@pytest.fixture(scope="module")
def resources() -> Json:
    stack = new_stack()
    alarms = AlarmTopic(stack, "Alarms", key=kms.Key.from_key_arn(stack, "Key", KEY), emails=["a@spotmusic.example", "b@spotmusic.example"])
    MonthlyBudget(stack, "Budget", topic=alarms.topic, limit_usd=1500)
    return resources_of(stack)


def test_alarm_topics_use_customer_key(resources: Json) -> None:
    assert [topic["KmsMasterKeyId"] for topic in all_of(resources, "AWS::SNS::Topic")] == [KEY, KEY]


def test_alarm_topics_require_tls(resources: Json) -> None:
    for policy in all_of(resources, "AWS::SNS::TopicPolicy"):
        (deny,) = (s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Deny")
        assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_alarm_topics_admit_own_account(resources: Json) -> None:
    policies = all_of(resources, "AWS::SNS::TopicPolicy")
    for policy, publishers in zip(policies, (("budgets", "cloudwatch"), ("cloudwatch",)), strict=True):
        allowed = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
        assert [s["Principal"]["Service"] for s in allowed] == [f"{name}.amazonaws.com" for name in publishers]
        assert all(s["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}} for s in allowed)


def test_alarm_topic_subscribes_every_address(resources: Json) -> None:
    subscriptions = all_of(resources, "AWS::SNS::Subscription")
    assert [(s["Protocol"], s["Endpoint"]) for s in subscriptions] == [("email", "a@spotmusic.example"), ("email", "b@spotmusic.example")]


def test_endpoint_subscription_ids_contain_no_keys() -> None:
    stack, address = new_stack(), "https://events.pagerduty.com/integration/0123key/enqueue"
    AlarmTopic(stack, "Alarms", key=kms.Key.from_key_arn(stack, "Key", KEY), endpoints=[address])
    found = resources_of(stack)
    assert [(s["Protocol"], s["Endpoint"]) for s in all_of(found, "AWS::SNS::Subscription")] == [("https", address)]
    assert not [id_ for id_ in found if "0123key" in id_]


def test_pagers_subscribe_to_critical_topic() -> None:
    stack, address = new_stack(), "https://events.pagerduty.com/integration/0123key/enqueue"
    alarms = AlarmTopic(stack, "Alarms", key=kms.Key.from_key_arn(stack, "Key", KEY), pagers=[address])
    (subscription,) = all_of(resources_of(stack), "AWS::SNS::Subscription")
    assert subscription["TopicArn"] == stack.resolve(alarms.pager.topic_arn) != stack.resolve(alarms.topic.topic_arn)


def test_alarm_topic_addresses_are_optional() -> None:
    stack = new_stack(region="us-east-1")
    AlarmTopic(stack, "Alarms", key=kms.Key.from_key_arn(stack, "Key", KEY))
    assert not all_of(resources_of(stack), "AWS::SNS::Subscription")


def test_daily_budget_notifies_above_limit() -> None:
    stack = new_stack()
    topic = AlarmTopic(stack, "Alarms", key=kms.Key.from_key_arn(stack, "Key", KEY)).topic
    DailyBudget(stack, "Budget", topic=topic, limit_usd=150)
    (budget,) = all_of(resources_of(stack), "AWS::Budgets::Budget")
    assert (budget["Budget"]["TimeUnit"], budget["Budget"]["BudgetLimit"]["Amount"]) == ("DAILY", 150)
    (notification,) = budget["NotificationsWithSubscribers"]
    assert (notification["Notification"]["NotificationType"], notification["Notification"]["Threshold"]) == ("ACTUAL", 100)


def test_monthly_budget_notifies_actual_and_forecast(resources: Json) -> None:
    (budget,) = all_of(resources, "AWS::Budgets::Budget")
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 1500, "Unit": "USD"}
    thresholds = {n["Notification"]["NotificationType"]: n["Notification"]["Threshold"] for n in budget["NotificationsWithSubscribers"]}
    assert thresholds == {"ACTUAL": 80, "FORECASTED": 100}
    assert all(n["Subscribers"][0]["SubscriptionType"] == "SNS" for n in budget["NotificationsWithSubscribers"])
