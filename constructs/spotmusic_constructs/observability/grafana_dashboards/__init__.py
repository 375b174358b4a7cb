"""Grafana dashboards: one YAML file each, and the JSON that Grafana reads."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import yaml

from spotmusic_constructs.observability.grafana_dashboards.dashboard_json import Json, dashboard
from spotmusic_constructs.observability.grafana_dashboards.objectives import objectives


@cache
def dashboard_files() -> dict[str, str]:
    """Return the JSON text of each dashboard by the name of its file.

    Raises:
        ValueError: if a dashboard has an unknown key, or lacks one.
    """
    return {
        f"{uid}.json": json.dumps(board, indent=1, ensure_ascii=False) + "\n"
        for uid, board in _dashboards()
    }


def _dashboards() -> Iterator[tuple[str, Json]]:
    yield "objectives", dashboard("objectives", **objectives())
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        content = yaml.load(path.read_text(), yaml.CSafeLoader)
        try:
            yield path.stem, dashboard(path.stem, **content)
        except TypeError as error:
            raise ValueError(f"{path.name}: {error}") from error
