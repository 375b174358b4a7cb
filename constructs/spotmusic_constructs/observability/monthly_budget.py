"""What a month may cost, and who hears when it costs more."""

from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_sns as sns
from constructs import Construct


class MonthlyBudget(Construct):
    """A budget of the account for each month, with a word when it is nearly spent and when it will not be enough.

    Creates the budget with two notifications to the topic: of what is spent, and of what AWS forecasts for the month.

    Args:
        topic: topic that tells the team; its policy and its key must admit `budgets.amazonaws.com`.
        limit_usd: budget in US dollars a month.
        actual_percent: share of the budget that is spent.
        forecast_percent: share of the budget that the month will cost.

    Example:
        MonthlyBudget(self, "Budget", topic=alarms.topic, limit_usd=25000)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        topic: sns.ITopic,
        limit_usd: int,
        actual_percent: int = 80,
        forecast_percent: int = 100,
    ) -> None:
        super().__init__(scope, construct_id)
        budgets.CfnBudget(
            self,
            "Resource",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=limit_usd, unit="USD"),
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        notification_type=kind, comparison_operator="GREATER_THAN", threshold=percent, threshold_type="PERCENTAGE"
                    ),
                    subscribers=[budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=topic.topic_arn)],
                )
                for kind, percent in (("ACTUAL", actual_percent), ("FORECASTED", forecast_percent))
            ],
        )
