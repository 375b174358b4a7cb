"""Budgets of the account for a month and for a day."""

from collections.abc import Mapping

from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_sns as sns
from constructs import Construct

from spotmusic_constructs.arns import topic_arn


class MonthlyBudget(Construct):
    """Monthly budget of the account.

    Creates the budget with two notifications: of the actual and of the forecasted cost.

    Args:
        topic: topic of the notifications; its policy and its key must admit
            `budgets.amazonaws.com`.
        limit_usd: budget in US dollars a month.
        actual_percent: actual cost, in percent of the budget.
        forecast_percent: forecasted cost, in percent of the budget.

    Example:
        MonthlyBudget(self, "Budget", topic=recipients.topic, limit_usd=25000)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        topic: sns.ITopic,
        limit_usd: float,
        actual_percent: int = 80,
        forecast_percent: int = 100,
    ) -> None:
        super().__init__(scope, construct_id)
        _budget(
            self,
            "MONTHLY",
            limit_usd,
            topic,
            {"ACTUAL": actual_percent, "FORECASTED": forecast_percent},
        )


class DailyBudget(Construct):
    """Daily budget of the account, which detects a sudden rise weeks before the monthly budget.

    Creates the budget with one notification. AWS updates the cost of a day up to three times a day
    (AWS Cost Management user guide, best practices for budgets), and forecasts no day.

    Args:
        topic: topic of the notifications; its policy and its key must admit
            `budgets.amazonaws.com`.
        limit_usd: budget in US dollars a day.

    Example:
        DailyBudget(self, "DailyBudget", topic=recipients.topic, limit_usd=2500)
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, topic: sns.ITopic, limit_usd: float
    ) -> None:
        super().__init__(scope, construct_id)
        _budget(self, "DAILY", limit_usd, topic, {"ACTUAL": 100})


def _budget(
    scope: Construct, unit: str, limit_usd: float, topic: sns.ITopic, percents: Mapping[str, int]
) -> None:
    budgets.CfnBudget(
        scope,
        "Resource",
        budget=budgets.CfnBudget.BudgetDataProperty(
            budget_type="COST",
            time_unit=unit,
            budget_limit=budgets.CfnBudget.SpendProperty(amount=limit_usd, unit="USD"),
        ),
        notifications_with_subscribers=[
            budgets.CfnBudget.NotificationWithSubscribersProperty(
                notification=budgets.CfnBudget.NotificationProperty(
                    notification_type=kind,
                    comparison_operator="GREATER_THAN",
                    threshold=percent,
                    threshold_type="PERCENTAGE",
                ),
                subscribers=[
                    budgets.CfnBudget.SubscriberProperty(
                        subscription_type="SNS", address=topic_arn(topic)
                    )
                ],
            )
            for kind, percent in percents.items()
        ],
    )
