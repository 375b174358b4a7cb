"""Estimate of an environment: lines by stack and item, the total and the largest savings."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.regions import price_classes_of
from tools.cost.lines import Amounts, Line, total
from tools.cost.prices import Price, Prices
from tools.cost.resources import Environment, uses
from tools.cost.savings import Saving, savings
from tools.cost.use import LEVELS, levels_of
from tools.model.templates import Templates


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Monthly cost of an environment.

    Args:
        environment: name of the environment.
        region: home region.
        listeners: monthly listeners at each level.
        budget: monthly budget in USD.
        lines: items by stack and price.
        prices: prices in use.
        savings: savings, largest first.
        unpriced: types of resources without a price, which are not in the lines.
    """

    environment: str
    region: str
    listeners: tuple[int, int, int]
    budget: int
    lines: list[Line]
    prices: list[Price]
    savings: list[Saving]
    unpriced: list[str]

    @property
    def stacks(self) -> dict[str, Amounts]:
        """Price of each stack."""
        names = dict.fromkeys(line.stack for line in self.lines)
        return {
            name: total([line.usd for line in self.lines if line.stack == name]) for name in names
        }

    @property
    def total(self) -> Amounts:
        """Price of all stacks."""
        return total([line.usd for line in self.lines])

    @property
    def unsure_percent(self) -> tuple[int, int, int]:
        """Percentage of the total at prices without a public source."""
        unsure = total([line.unsure for line in self.lines])
        low, mid, high = (
            round(100 * part / whole) if whole else 0
            for part, whole in zip(unsure, self.total, strict=True)
        )
        return low, mid, high

    def warnings(self, today: date) -> list[str]:
        """Return warnings about prices and about the budget."""
        found = (
            [f"Without a price, and not in the estimate: {', '.join(self.unpriced)}."]
            if self.unpriced
            else []
        )
        exceeded = [
            f"{name} {usd:,.0f}"
            for name, usd in zip(LEVELS, self.total, strict=True)
            if usd > self.budget
        ]
        if exceeded:
            found.append(
                f"The estimate exceeds observability.monthly_budget_usd ({self.budget:,}): "
                f"{', '.join(exceeded)} USD."
            )
        if not self.region.startswith("sa-") and "100" not in price_classes_of(self.region):
            found.append(
                "CloudFront has its lowest prices, those of North America; "
                f"{self.region} costs more."
            )
        old = [price for price in self.prices if price.old(today)]
        if old:
            undated = sum(price.read is None for price in old)
            oldest = min((price.read for price in old if price.read), default=None)
            since = f"; the oldest is of {oldest}" if oldest else ""
            found.append(
                f"{len(old)} of {len(self.prices)} prices are older than 120 days "
                f"or without a date ({undated}){since}. Refresh them: make prices."
            )
        return found


def estimate(
    templates: Templates, regions: Mapping[str, str], settings: Settings, prices: Prices
) -> Estimate:
    """Estimate the monthly cost of an environment.

    Args:
        templates: templates by stack id.
        regions: region of each stack.
        settings: settings of the environment, with its use.
        prices: list prices.

    Raises:
        CostError: if a price is missing.
    """
    of, levels = Environment(settings, templates, prices), levels_of(settings)
    quantities: dict[tuple[str, str, str, str, str], list[float]] = defaultdict(
        lambda: [0.0] * len(LEVELS)
    )
    for index, level in enumerate(levels.values()):
        for stack, region, use in uses(of, level, regions):
            quantities[stack, use.label, use.service, use.usage, region][index] += use.quantity
    lines: dict[tuple[str, str], tuple[list[Amounts], list[Amounts]]] = defaultdict(
        lambda: ([], [])
    )
    used: dict[Price, None] = {}
    for (stack, label, service, usage, region), amounts in quantities.items():
        tiers = prices.tiers(service, usage, region)
        used.update(dict.fromkeys(tiers))
        low, mid, high = (prices.usd(service, usage, region, amount) for amount in amounts)
        usd = low, mid, high
        lines[stack, label][0].append(usd)
        if not all(tier.sure for tier in tiers):
            lines[stack, label][1].append(usd)
    order = list(templates)
    found = [
        Line(stack, label, total(usd), total(unsure))
        for (stack, label), (usd, unsure) in lines.items()
    ]
    found.sort(key=lambda line: (order.index(line.stack), -line.usd[1]))
    listeners = levels["low"].listeners, levels["mid"].listeners, levels["high"].listeners
    return Estimate(
        environment=settings.name,
        region=settings.region,
        listeners=listeners,
        budget=settings.observability.monthly_budget_usd,
        lines=found,
        prices=list(used),
        savings=savings(of, found, levels["mid"]),
        unpriced=sorted(of.unpriced),
    )
