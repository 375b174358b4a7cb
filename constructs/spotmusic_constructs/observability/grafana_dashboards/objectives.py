"""What is promised, and how much of each error budget is left."""

from spotmusic_constructs.observability.grafana_dashboards.model import Dashboard, Panel, Query, Row

OBJECTIVES = {
    "web-api-availability": ("Web API answers", 0.999),
    "web-api-latency": ("Web API answers in time", 0.99),
    "playback-start": ("Playback starts in time", 0.995),
    "event-lag": ("Events are worked off in time", 0.99),
    "login": ("Logins work", 0.999),
}
"""Title and objective of each promise. docs/slo.md says how it is measured; a test holds the rules to these numbers."""
MONTH = "30d"


def _left(slo: str, title: str, objective: float) -> Panel:
    budget = round(1 - objective, 6)
    expr = f'1 - avg_over_time(slo:errors:ratio_rate5m{{slo="{slo}"}}[{MONTH}]) / {budget:g}'
    return Panel(
        title=title,
        description=f"What is left of the error budget of 30 days at an objective of {objective:.1%}. Below 0 the promise is broken.",
        unit="percentunit",
        kind="stat",
        width=4,
        queries=[Query(expr=f"min({expr})", legend=slo, source="history")],
    )


def _burn(slo: str, title: str, objective: float) -> Panel:
    budget = round(1 - objective, 6)
    lines = {
        window: Query(expr=f'slo:errors:ratio_rate{window}{{slo="{slo}"}} / {budget:g}', legend=window) for window in ("5m", "1h", "6h")
    }
    return Panel(
        title=f"{title}: speed",
        description="How fast the budget burns; at 1 it lasts for exactly 30 days. Alarms: 14.4 for an hour, 6 for six hours.",
        unit="short",
        warning=6,
        critical=14.4,
        queries=list(lines.values()),
    )


DASHBOARD = Dashboard(
    uid="objectives",
    title="Promises and error budgets",
    description="What listeners are promised, and what is left to spend. For the decision between a feature and repairs.",
    folder="Business",
    span="now-24h",
    rows=[
        Row(title="Budget that is left", panels=[_left(slo, *what) for slo, what in OBJECTIVES.items()]),
        Row(title="How fast it burns", panels=[_burn(slo, *what) for slo, what in OBJECTIVES.items()]),
    ],
)
