"""Price of CloudFront for the audio of an environment."""

from collections.abc import Iterator
from math import inf

from spotmusic_cdk.settings.environment import Settings
from spotmusic_cdk.settings.model import Problem

_VOLUMES_TB = (10, 40, 100, 350, 524, 4000, inf)
_PRICES_USD = {
    "sa": (0.110, 0.105, 0.090, 0.080, 0.060, 0.050, 0.040),
    "": (0.085, 0.080, 0.060, 0.040, 0.030, 0.025, 0.020),
}
"""Price of a gigabyte by volume, in South America and where it is lowest, in North America and
Europe. Source: list prices of Amazon CloudFront, aws.amazon.com/cloudfront/pricing, read
2026-11."""


def delivery_usd(terabytes: float, region: str) -> int:
    """Return the price of CloudFront for the audio of a month, in USD.

    Args:
        terabytes: audio of the month.
        region: home region. The lowest price applies outside South America.
    """
    prices, total = _PRICES_USD.get(region.partition("-")[0], _PRICES_USD[""]), 0.0
    for volume, price in zip(_VOLUMES_TB, prices, strict=True):
        used = min(terabytes, volume)
        total += used * 1000 * price
        terabytes -= used
    return round(total)


def warnings(settings: Settings) -> Iterator[Problem]:
    """Find a budget of production below the price of the audio of its listeners."""
    listeners, budget = settings.capacity.listeners, settings.observability.monthly_budget_usd
    if listeners is None or not settings.production:
        return
    cost = delivery_usd(settings.capacity.audio_tb(listeners), settings.region)
    if cost > budget:
        wrong = (
            f"{budget} is below the {cost} USD that CloudFront costs for {listeners} monthly "
            "listeners (list prices)"
        )
        yield Problem(
            "observability.monthly_budget_usd", wrong, "Raise it, or lower capacity.listeners."
        )
