"""Budgets below the cost of audio delivery."""

import pytest

from spotmusic_cdk.settings.regions import budget_warnings, monthly_usd
from tests.conftest import sample_of


@pytest.mark.parametrize(
    ("listeners", "region", "usd"),
    # 0.5 TB, and 1051 TB over six price steps, computed by hand.
    [(30, "us-east-1", 45), (30, "sa-east-1", 58), (60_000, "sa-east-1", 75_070), (60_000, "eu-west-1", 40_450)],
)
def test_delivery_cost_follows_volume_and_continent(listeners: int, region: str, usd: int) -> None:
    assert monthly_usd(listeners, region) == pytest.approx(usd, rel=0.01)


@pytest.mark.parametrize(("production", "budget", "warnings"), [(True, 25_000, 1), (True, 90_000, 0), (False, 25_000, 0)])
def test_budget_below_delivery_warns_in_production(production: bool, budget: int, warnings: int) -> None:
    settings = sample_of("prod")
    observability = settings.observability.model_copy(update={"monthly_budget_usd": budget})
    found = list(budget_warnings(settings.model_copy(update={"production": production, "observability": observability})))
    assert [problem.key for problem in found] == ["observability.monthly_budget_usd"] * warnings
