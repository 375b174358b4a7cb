"""Delivery of audio at the declared peak, compared with the budget of an environment."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import TYPE_CHECKING

from spotmusic_cdk.settings.problem import Problem

if TYPE_CHECKING:
    from spotmusic_cdk.settings.environment import Settings

BYTES_PER_SECOND = 20_000
"""Audio of one listener: 160 kbit/s, an assumption."""
MEAN_OF_PEAK = 1 / 3
"""Listeners on average of a month for each one of the busiest minute, an assumption."""
SECONDS_OF_A_MONTH = 730 * 3600
_VOLUMES_TB = (10, 40, 100, 350, 524, 4000, inf)
_PRICES_USD = {
    "sa": (0.110, 0.105, 0.090, 0.080, 0.060, 0.050, 0.040),
    "": (0.085, 0.080, 0.060, 0.040, 0.030, 0.025, 0.020),
}
"""Price of a gigabyte by volume, in South America and where it is lowest, in North America and Europe. Source: list prices of Amazon
CloudFront, aws.amazon.com/cloudfront/pricing, read 2026-11."""


def monthly_usd(listeners: int, region: str) -> int:
    """Return what CloudFront asks for the audio of a month, in USD.

    Args:
        listeners: listeners of the busiest minute.
        region: home region, whose continent decides the price.
    """
    left = listeners * MEAN_OF_PEAK * BYTES_PER_SECOND * SECONDS_OF_A_MONTH / 1e12
    prices, total = _PRICES_USD.get(region.partition("-")[0], _PRICES_USD[""]), 0.0
    for volume, price in zip(_VOLUMES_TB, prices, strict=True):
        used = min(left, volume)
        total += used * 1000 * price
        left -= used
    return round(total)


def budget_warnings(settings: Settings) -> Iterator[Problem]:
    """Find a budget of production that the delivery of audio alone exceeds at the declared peak."""
    peak, budget = settings.resilience.peak, settings.observability.monthly_budget_usd
    if peak is None or not settings.production:
        return
    cost = monthly_usd(peak.listeners, settings.region)
    if cost > budget:
        wrong = f"{budget} is below the {cost} USD that CloudFront alone asks for {peak.listeners} listeners at peak (list prices)"
        yield Problem("observability.monthly_budget_usd", wrong, "Raise it, or lower resilience.peak.listeners.")
