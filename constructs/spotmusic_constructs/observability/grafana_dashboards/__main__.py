"""Writes every dashboard as JSON: `python -m spotmusic_constructs.observability.grafana_dashboards charts/monitoring/dashboards`."""

import json
import sys
from pathlib import Path

from spotmusic_constructs.observability.grafana_dashboards import DASHBOARDS
from spotmusic_constructs.observability.grafana_dashboards.model import Dashboard


def text(dashboard: Dashboard) -> str:
    """Returns the file of a dashboard."""
    return json.dumps(dashboard.to_json(), indent=1, ensure_ascii=False) + "\n"


def write(folder: Path) -> None:
    """Writes all dashboards into a folder, and removes those that are no more."""
    for old in folder.glob("*.json"):
        old.unlink()
    for dashboard in DASHBOARDS:
        (folder / f"{dashboard.uid}.json").write_text(text(dashboard))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
