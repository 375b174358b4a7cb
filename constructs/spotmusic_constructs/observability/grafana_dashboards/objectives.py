"""Dashboard of the service level objectives and their error budgets."""

from typing import Any

OBJECTIVES = {
    "web-api-availability": ("Web API answers", 0.999),
    "web-api-latency": ("Web API answers in time", 0.99),
    "playback-start": ("Playback starts in time", 0.995),
    "event-lag": ("Events are processed in time", 0.99),
    "login": ("Logins work", 0.999),
}
"""Title and objective of each service level objective. docs/slo.md describes the measurements; a
test compares the rules with them."""

Json = dict[str, Any]


def objectives() -> Json:
    """Return the content of the dashboard."""
    return {
        "title": "Objectives and error budgets",
        "description": (
            "Service level objectives and the rest of their error budgets. "
            "For the decision between a feature and repairs."
        ),
        "folder": "Business",
        "span": "now-24h",
        "rows": [
            {
                "title": "Remaining budget",
                "panels": [_left(slo, *objective) for slo, objective in OBJECTIVES.items()],
            },
            {
                "title": "Burn rate",
                "panels": [_burn(slo, *objective) for slo, objective in OBJECTIVES.items()],
            },
        ],
    }


def _left(slo: str, title: str, objective: float) -> Json:
    budget = round(1 - objective, 6)
    # The comparison drops NaN, the ratio of times without requests, which would be the average too.
    ratio = f'(slo:errors:ratio_rate5m{{slo="{slo}"}} > -1)[30d:5m]'
    expr = f"min(1 - avg_over_time({ratio}) / {budget:g})"
    return {
        "title": title,
        "description": (
            f"Rest of the error budget of 30 days at an objective of {objective:.1%}. "
            "Below 0 the objective is missed."
        ),
        "unit": "percentunit",
        "kind": "stat",
        "width": 4,
        "queries": [{"expr": expr, "legend": slo, "source": "history"}],
    }


def _burn(slo: str, title: str, objective: float) -> Json:
    budget = round(1 - objective, 6)
    return {
        "title": f"{title}: speed",
        "description": (
            "Burn rate of the budget; at 1 it lasts for exactly 30 days. "
            "Alarms: 14.4 for an hour, 6 for six hours."
        ),
        "unit": "short",
        "warning": 6,
        "critical": 14.4,
        "queries": [
            {"expr": f'slo:errors:ratio_rate{window}{{slo="{slo}"}} / {budget:g}', "legend": window}
            for window in ("5m", "1h", "6h")
        ],
    }
