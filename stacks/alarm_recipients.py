"""Recipients of alarms and budgets, in the home region and the edge region."""

from collections.abc import Sequence

from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.arns import topic_arn
from spotmusic_constructs.observability.alarm_topic import AlarmTopic
from spotmusic_constructs.observability.monthly_budget import DailyBudget, MonthlyBudget
from spotmusic_constructs.observability.slack_channel import SlackChannel


def alarm_topic(scope: Construct, *, settings: Settings, key: kms.IKey) -> AlarmTopic:
    """Create the topics of a stack's alarms. Alarms publish only within their region."""
    observability = settings.observability
    return AlarmTopic(
        scope,
        "AlarmTopic",
        key=key,
        emails=observability.alarm_emails,
        endpoints=observability.alarm_endpoints,
        pagers=observability.pager_endpoints,
        environment_name=settings.name,
        runbooks=observability.runbooks,
    )


def slack_channel(scope: Construct, *, settings: Settings, topics: Sequence[sns.ITopic]) -> None:
    """Create the configuration of the Slack channel, if the environment has one."""
    if slack := settings.observability.alarm_slack:
        SlackChannel(
            scope,
            "Slack",
            name=settings.resource_prefix,
            slack_workspace_id=slack.workspace,
            slack_channel_id=slack.channel,
            topic_arns=[topic_arn(topic) for topic in topics],
        )


def budgets(scope: Construct, *, settings: Settings, topic: sns.ITopic) -> None:
    """Create the monthly and the daily budget."""
    observability = settings.observability
    MonthlyBudget(scope, "Budget", topic=topic, limit_usd=observability.monthly_budget_usd)
    DailyBudget(scope, "DailyBudget", topic=topic, limit_usd=observability.daily_budget_usd)
