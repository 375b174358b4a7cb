"""Plans: valid settings for the listeners, in both directions, and one message for each mistake."""

import shutil
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotmusic_cdk.command_line import CommandError
from spotmusic_cdk.settings import Settings, parse
from spotmusic_cdk.settings.capacity import CapacitySettings
from tests.conftest import sample_of
from tools.capacity import __main__ as command
from tools.capacity import report
from tools.capacity.changes import changed, rewritten
from tools.capacity.constraints import constraints_of, least_with_zone_lost, lost
from tools.capacity.limits import LIMITS
from tools.capacity.plan import MOST_LISTENERS, PlanError, carried, plan_for
from tools.changes import source
from tools.checkout import ROOT
from tools.cost.use import levels_of
from tools.load import load_of

ENVIRONMENTS = ROOT / "tests" / "environments"
LISTENERS = st.floats(0, 7.5).map(lambda power: int(10**power))


def prod() -> Settings:
    return sample_of("prod")


def prod_with(**capacity: Any) -> Settings:
    """Production with other assumptions by section."""
    return prod().model_copy(update={"capacity": CapacitySettings.model_validate(capacity)})


def most_carried(environment: Settings) -> int:
    """Return the listeners that an environment supports with raised quotas."""
    return next(
        found.listeners
        for found in carried(environment)
        if not (found.limit and found.limit.raised)
    )


def carries(environment: Settings, listeners: float) -> bool:
    """Return whether an environment supports listeners with raised quotas.

    `most_carried` agrees (test_plan_agrees_with_inverse) and computes 300 loads.
    """
    found = constraints_of(environment, load_of(environment, listeners), rounded=False)
    return all(c.fits or (c.limit and c.limit.raised) for c in found)


@pytest.mark.parametrize("listeners", [100_000, 1_000_000, 5_000_000])
def test_planned_file_is_valid_and_carries(listeners: int) -> None:
    plan = plan_for(prod(), listeners)
    file = ENVIRONMENTS / "prod.yaml"
    planned = parse(rewritten(file.read_text(), plan.changes), source=file)
    assert plan.cells == 1
    assert planned.capacity.listeners == listeners
    assert carries(planned, listeners * 1.2)


@settings(max_examples=8, deadline=None)
@given(listeners=LISTENERS)
def test_plan_agrees_with_inverse(listeners: int) -> None:
    plan = plan_for(prod(), listeners)
    of_cell = plan.settings.capacity.listeners or 0
    assert of_cell * plan.cells >= listeners
    grown = of_cell * (1 + prod().capacity.growth_percent / 100)
    assert most_carried(plan.settings) >= grown * 0.999
    assert carries(plan.settings, grown)
    assert [c for c in plan.constraints if not c.fits and not (c.limit and c.limit.raised)] == []


@settings(max_examples=8, deadline=None)
@given(listeners=LISTENERS, factor=st.floats(1, 10))
def test_plan_grows_with_listeners(listeners: int, factor: float) -> None:
    fewer, more = (
        plan_for(prod(), listeners),
        plan_for(prod(), min(MOST_LISTENERS, int(listeners * factor))),
    )
    assert fewer.cells <= more.cells
    if more.cells == 1:
        room = {constraint.name: constraint.room for constraint in more.constraints}
        rising = [c for c in fewer.constraints if "zone" not in c.what and "queues" not in c.what]
        assert [c.name for c in rising if c.room > room[c.name]] == []


def test_plan_never_lowers_a_setting() -> None:
    assert plan_for(prod(), 1_000).changes == {("capacity", "listeners"): 1_000}


def fullness(environment: Settings) -> dict[tuple[str, str], float]:
    """Load in percent of the room of each constraint, for two million listeners."""
    return {
        found.name: found.percent
        for found in constraints_of(environment, load_of(environment, 2_000_000))
    }


@pytest.mark.parametrize(
    ("key", "value", "component", "fuller"),
    [
        ("audience.hours_per_month", 30.0, "playback", True),
        ("requests.waiting_milliseconds", 10.0, "trends", True),
        ("requests.gateway_per_core", 1000.0, "kong", False),
        ("identity.database_core_per_second", 100.0, "identity database", True),
        ("events.disk_percent", 90.0, "redpanda", False),
        ("events.contention", 0.5, "redpanda", True),
        ("events.coherency", 0.5, "redpanda", True),
        ("events.partition_per_second", 100.0, "topic events.listening", True),
        ("tasks.queue_per_second", 300.0, "queue notifications", True),
        ("database.query_milliseconds", 40.0, "web-api", True),
        ("database.contention", 0.2, "catalogue database", True),
        ("database.coherency", 0.2, "catalogue database", True),
        ("database.busy_percent", 80.0, "catalogue database", False),
        ("database.listener_kib", 40.0, "catalogue database", True),
        ("cache.shard_per_second", 50_000.0, "cache", True),
        ("cache.task_connections", 20.0, "cache", True),
        ("metrics.series_kib", 8.0, "prometheus", True),
    ],
)
def test_assumption_moves_fullness_its_way(
    key: str, value: float, component: str, fuller: bool
) -> None:
    section, name = key.split(".")
    before, after = fullness(prod()), fullness(prod_with(**{section: {name: value}}))
    moved = {
        found: after[found] > percent
        for found, percent in before.items()
        if after[found] != percent
    }
    assert component in {found[0] for found in moved}
    assert {grew for found, grew in moved.items() if found[0] == component} == {fuller}


def test_plan_takes_classes_of_the_region() -> None:
    small = changed(
        prod(), {("region",): "af-south-1", ("data", "catalogue", "instance_class"): "t4g.2xlarge"}
    )
    assert plan_for(small, 1_500_000).settings.data.catalogue.instance_class.startswith("r6g.")


def test_growth_margin_raises_the_plan() -> None:
    tight, ample = (
        plan_for(prod_with(growth_percent=percent), 2_000_000).settings for percent in (0, 100)
    )
    assert carries(ample, 1.5 * most_carried(tight))


def test_hundred_million_need_cells() -> None:
    plan = plan_for(prod(), 100_000_000)
    assert plan.cells > 10
    assert plan.unmet
    assert "needs" in plan.reason


def test_large_catalogue_reads_from_replicas() -> None:
    assumed = prod_with(
        cache={"shard_per_second": 1_000_000.0}, events={"partition_per_second": 5000.0}
    )
    plan = plan_for(assumed, 5_300_000)
    planned = plan.settings
    assert planned.data.catalogue.read_replicas >= 2
    assert planned.data.catalogue.rotates_master
    assert carries(planned, 5_300_000 * 1.2)
    file = ENVIRONMENTS / "prod.yaml"
    parse(rewritten(file.read_text(), plan.changes), source=file)


def test_busy_client_gets_its_own_cache() -> None:
    plan = plan_for(prod_with(cache={"shard_per_second": 20_000.0}), 1_200_000)
    assert plan.settings.data.cache.own == ("playback",)
    assert carries(plan.settings, 1_200_000 * 1.2)
    file = ENVIRONMENTS / "prod.yaml"
    parse(rewritten(file.read_text(), plan.changes), source=file)


def test_zone_loss_leaves_enough_pods() -> None:
    for needed in (0.5, 1, 2, 2.1, 7.9, 100):
        pods = least_with_zone_lost(needed, 3)
        assert pods - lost(pods, 3) >= needed > pods - 1 - lost(pods - 1, 3)


def test_rewritten_file_differs_in_values_only() -> None:
    text = (ENVIRONMENTS / "prod.yaml").read_text()
    path = ("services", "playback", "scaling", "max")
    before, after = text.splitlines(), rewritten(text, {path: 91}).splitlines()
    assert [new for old, new in zip(before, after, strict=True) if old != new] == [
        "    scaling: {min: 6, max: 91, requests_per_target: 1500}"
    ]
    assert changed(prod(), {path: 91}).services["playback"].scaling.max == 91


@pytest.mark.parametrize(
    "changes",
    [
        {"{min: 3, max: 30}": "&few {min: 3, max: 24}", "    scaling: {min: 3, max: 24}": "*few"},
        {"  recommendations:": "  recommendations: &base", "    scaling: {min: 3, max: 24}": ""},
    ],
    ids=["alias", "merge key"],
)
def test_plan_refuses_shared_values(changes: dict[str, str], tmp_path: Path) -> None:
    """A new value of one service would be that of the other as well."""
    text = (ENVIRONMENTS / "prod.yaml").read_text()
    for old, new in changes.items():
        text = text.replace(f"{old}\n", f"    scaling: {new}\n" if new == "*few" else f"{new}\n")
    if "&base" in text:
        text = text.replace("  trends:\n", "  trends:\n    <<: *base\n")
    file = tmp_path / "prod.yaml"
    file.write_text(text)
    with pytest.raises(PlanError, match=r"prod\.yaml: the plan changes a value that an alias"):
        run(tmp_path, "--listeners", "5000000", "--write")
    assert file.read_text() == text


def test_limits_have_source_and_date() -> None:
    assert [
        limit.what
        for limit in LIMITS
        if not (limit.source and limit.unit and limit.read.startswith("20"))
    ] == []


def run(folder: Path, *arguments: str) -> None:
    options = ["--env=prod", "--environments", str(folder), "--no-cost"]
    command.main([*options, *arguments])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--env", "nowhere"], "there is no environment 'nowhere'"),
        (["--env", "dev"], "dev: no service has load. Set services.<name>.load"),
        (["--listeners=0"], "LISTENERS=0 is less than one listener. Use 1 or more."),
        (["--listeners=-5"], "LISTENERS=-5 is less than one listener."),
        (
            ["--listeners=many"],
            "LISTENERS=many is not a whole number. Write it in digits, such as 2000000.",
        ),
        (["--listeners=1000000000000"], "Use at most 1,000,000,000."),
    ],
)
def test_absurd_input_has_one_message(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError) as raised:
        run(ENVIRONMENTS, *arguments)
    assert message in str(raised.value)
    assert len(str(raised.value).splitlines()) <= 2
    assert capsys.readouterr().out == ""


def test_unknown_class_has_one_message(tmp_path: Path) -> None:
    text = (ENVIRONMENTS / "prod.yaml").read_text().replace("r8g.xlarge", "r8g.9xlarge")
    (tmp_path / "prod.yaml").write_text(text)
    with pytest.raises(CommandError) as raised:
        run(tmp_path, "--listeners", "2000000")
    assert str(raised.value).count("unsupported size 9xlarge of r8g") == 1


def test_load_beyond_any_cell_is_refused() -> None:
    assumed = prod_with(metrics={"cluster_series": 5_000_000.0})
    with pytest.raises(
        PlanError, match=r"prometheus needs .* GiB of memory and has 3, in a cell of any size"
    ):
        plan_for(assumed, 1000)


def test_report_names_load_patch_and_quotas(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(ENVIRONMENTS / "prod.yaml", tmp_path)
    run(tmp_path, "--listeners", "2,000,000", "--write")
    shown = capsys.readouterr().out
    for words in (
        "listeners at a time                  172,603",
        "+  listeners: 2000000",
        "running brokers first (docs/runbooks/volume.md)",
        "vCPU of Fargate",
    ):
        assert words in shown
    assert "max: 208" in (tmp_path / "prod.yaml").read_text()
    run(tmp_path)
    expected = "prod carries 2,399,787 monthly listeners, and declares 2,000,000."
    assert expected in capsys.readouterr().out


def test_note_on_volumes_is_for_brokers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ENVIRONMENTS / "prod.yaml").read_text()
    (tmp_path / "prod.yaml").write_text(rewritten(text, {("data", "identity", "storage_gib"): 50}))
    run(tmp_path, "--listeners", "2000000")
    shown = capsys.readouterr().out
    assert "  kubernetes.redpanda.storage_gib: grow volumes of running brokers" in shown
    assert "identity: {instance_class: r8g.2xlarge, storage_gib: 400" in shown
    assert "data.identity.storage_gib: " not in shown


def test_cost_of_plan_has_its_listeners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment may state the listeners of today for its cost."""
    file = tmp_path / "prod.yaml"
    today = "\nusage:\n  listeners: {low: 1, mid: 10, high: 100}\n"
    file.write_text((ENVIRONMENTS / "prod.yaml").read_text() + today)
    seen: list[Settings] = []
    monkeypatch.setattr(source, "synthesized", lambda *_, **__: nullcontext(tmp_path))
    monkeypatch.setattr(command, "estimate_of", lambda _, planned, __: seen.append(planned))
    command.estimate_of_plan(plan_for(parse(file.read_text(), source=file), 1_000_000), file)
    (planned,) = seen
    listeners = [level.listeners for level in levels_of(planned).values()]
    assert listeners == [100_000, 500_000, 1_000_000]


@pytest.mark.parametrize(("usd", "said"), [(40_000, True), (90_000, False)])
def test_report_names_a_budget_far_above(usd: float, said: bool) -> None:
    cost: Any = SimpleNamespace(region="sa-east-1", stacks={}, total=(usd / 10, usd / 2, usd))
    shown = report.text(plan_for(prod(), 100_000), [], ENVIRONMENTS / "prod.yaml", cost)
    found = (
        f"monthly_budget_usd is {prod().observability.monthly_budget_usd:,.0f}: lower it" in shown
    )
    assert found == said
