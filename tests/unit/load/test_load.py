"""Load by monthly listeners: examples, monotonicity, and the direction of each assumption."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotmusic_cdk.settings import Settings, parse
from spotmusic_cdk.settings.capacity import Assumption, CapacitySettings
from tools.load import Load, load_of

FILE = """
name: test
zones: [sa-east-1a, sa-east-1b, sa-east-1c]
services:
  web-api:
    route: /v1/catalogue
    talks_to: [catalogue: write, cache, tasks]
    migrations: [migrate]
    scaling: {min: 3, max: 60}
    load: {per_listener_hour: 36, per_task: 25}
  playback:
    route: /v1/playback
    talks_to: [catalogue: read, cache, events]
    scaling: {min: 3, max: 60}
    load: {per_listener_hour: 72, per_task: 50}
  recommendations: {talks_to: [catalogue: read, cache, events]}
  trends: {talks_to: [cache, events]}
  notifications:
    talks_to: [tasks, events]
    scaling: {messages_per_task: 100}
    load: {per_listener_hour: 18, per_task: 50}
"""
_SPENT_LATER = """
    growth_percent waiting_milliseconds query_milliseconds queue_per_second contention coherency
    disk_percent busy_percent shard_per_second task_connections
"""
SPENT_LATER = set(_SPENT_LATER.split())
"""Assumptions about capacity, which the plan compares with the load."""


def settings_with(capacity: Mapping[str, Any] | None = None) -> Settings:
    settings = parse(FILE, source=Path("environments/test.yaml"))
    return settings.model_copy(update={"capacity": CapacitySettings.model_validate(capacity or {})})


def assumptions() -> Iterator[tuple[str, str, Assumption]]:
    for section, field in CapacitySettings.model_fields.items():
        for key, inner in getattr(field.annotation, "model_fields", {}).items():
            for found in inner.metadata:
                if isinstance(found, Assumption):
                    yield section, key, found


def numbers(load: object, path: str = "") -> Iterator[tuple[str, float]]:
    tree = asdict(load) if isinstance(load, Load) else load
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from numbers(value, f"{path}.{key}")
    elif isinstance(tree, int | float):
        yield path, tree


def test_million_listeners_match_calculation_at_hand() -> None:
    load = load_of(settings_with(), 1_000_000)
    # 21 million hours of 730, and three times as many in the busiest minute.
    assert load.audience.mean == pytest.approx(28_767, abs=1)
    assert load.audience.concurrent == pytest.approx(86_301, abs=1)
    assert load.audience.plays_per_second == pytest.approx(431.5, abs=0.1)
    # 160 kbit/s each; 21 million hours of 72 MB.
    assert load.edge.gbit_per_second == pytest.approx(13.81, abs=0.01)
    assert load.edge.month_tb == pytest.approx(1_512)
    # A hundredth, two hundredths and half of it in a second.
    assert load.services["web-api"].per_second == pytest.approx(863, abs=1)
    assert load.services["playback"].per_second == pytest.approx(1_726, abs=1)
    assert load.queues.messages_per_second["notifications"] == pytest.approx(431.5, abs=0.1)
    # 25 a second and task at 60% cpu, or 1,000 a minute: 15.
    assert load.services["web-api"].tasks == 58
    assert load.database.queries_per_second == pytest.approx(2 * (863 + 1_726), rel=1e-3)
    assert load.database.reader_queries_per_second == pytest.approx(2 * 1_726, rel=1e-3)
    assert load.events.events_per_second == pytest.approx(3_596, abs=1)
    assert load.identity.logins_per_second == pytest.approx(28.8, abs=0.1)
    # 21 million hours with 150 events of 1 kB, of which 30% are kept for 168 hours of 730.
    assert load.events.topics["events.listening"].stored_gib == pytest.approx(202.5, abs=0.5)


@settings(deadline=None)
@given(listeners=st.integers(1, 100_000_000), factor=st.floats(1, 100))
def test_load_grows_with_listeners(listeners: int, factor: float) -> None:
    environment = settings_with()
    fewer, more = (
        dict(numbers(load_of(environment, number))) for number in (listeners, listeners * factor)
    )
    assert fewer.keys() == more.keys()
    assert [path for path, value in fewer.items() if more[path] < value * (1 - 1e-9)] == []


@pytest.mark.parametrize(
    ("section", "key"),
    [(section, key) for section, key, _ in assumptions() if key not in SPENT_LATER],
)
def test_assumption_changes_load_its_way(section: str, key: str) -> None:
    given_value = getattr(getattr(CapacitySettings(), section), key)
    changed = (
        {"events.listening": 60.0}
        if isinstance(given_value, dict)
        else type(given_value)(given_value * 2)
    )
    before, after = (
        dict(numbers(load_of(settings_with(capacity), 1_000_000)))
        for capacity in ({}, {section: {key: changed}})
    )
    moved = {
        path: after[path] - value
        for path, value in before.items()
        if after[path] != pytest.approx(value)
    }
    # Higher values for a core or a partition, and longer plays, mean less load.
    falls = key.endswith(
        (
            "per_core",
            "core_mib_per_second",
            "core_queries_per_second",
            "database_core_per_second",
            "partition_per_second",
            "play_seconds",
        )
    )
    assert moved
    if not isinstance(given_value, dict) and key not in (
        "busiest_hour_percent",
        "busiest_day_percent",
    ):
        assert all((change < 0) == falls for change in moved.values()), moved


@pytest.mark.parametrize("key", ["busiest_hour_percent", "busiest_day_percent"])
def test_busier_minute_keeps_the_month(key: str) -> None:
    changed = getattr(CapacitySettings().audience, key) * 2
    calm, busy = (
        load_of(settings_with(capacity), 1_000_000)
        for capacity in ({}, {"audience": {key: changed}})
    )
    assert busy.audience.concurrent == pytest.approx(2 * calm.audience.concurrent)
    assert busy.edge.month_tb == pytest.approx(calm.edge.month_tb)
    assert busy.events.month_gb == pytest.approx(calm.events.month_gb)
    assert busy.volumes.logs_gb == pytest.approx(calm.volumes.logs_gb)


def test_assumptions_have_unit_source_and_date() -> None:
    found = list(assumptions())
    assert len(found) > 30
    every = {
        f"{section}.{key}"
        for section, field in CapacitySettings.model_fields.items()
        if section != "listeners"
        for key in getattr(field.annotation, "model_fields", {})
    }
    assert every == {f"{section}.{key}" for section, key, _ in found}
    assert [
        key for _, key, said in found if not (said.unit and said.source and said.read[:4].isdigit())
    ] == []
