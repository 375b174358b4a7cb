"""Alerting and recording rules: exported metrics, severities, runbooks and unit tests."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from spotmusic_constructs.observability.grafana_dashboards import dashboard_files
from spotmusic_constructs.observability.grafana_dashboards.objectives import OBJECTIVES
from spotmusic_constructs.observability.service_level_objective import MINIMUM_BAD_REQUESTS
from tests.charts.monitoring.catalogue import CHART, ROOT, problems, recorded, rules
from tests.charts.monitoring.promtool import run
from tests.documents import anchors
from tools.model.values import Json

TESTS = Path(__file__).parent / "rules"
SEVERITIES = {"critical", "warning", "info"}
WINDOWS = {"critical": ("1h", "5m", "14.4"), "warning": ("6h", "30m", "6")}
RATE = r"\brate\([^()]*\)+"
RATIO = re.compile(rf"{RATE}(?: or vector\(0\)\))?\s*/ sum[^/]*{RATE}", flags=re.DOTALL)
"""Quotient of two rates of requests."""
AGGREGATED = re.compile(
    r"\(*(?:100 \* |time\(\) - )?(?:absent|count|histogram_quantile|max|min|sum|vector)\b"
    r"|(?:[a-z]+:)+\w+"
)
"""Beginning of an expression without labels of the target, such as `instance`."""
MEMBERS_MISSING = re.compile(r"^\(*(?:count|sum)\([^()]*\)[^<]*<")


def alerts(file: str) -> Iterator[Json]:
    yield from (rule for rule in rules()[file] if "alert" in rule)


def is_ratio(expr: str) -> bool:
    """Return whether an alert reads a share of requests, directly or by a recording rule."""
    read = [
        rule["expr"]
        for file in rules().values()
        for rule in file
        if "record" in rule and rule["record"] in expr
    ]
    return any(RATIO.search(part) for part in (expr, *read))


def cases(file: str, of: str) -> str:
    """Return the names of the unit tests of a file with these last words."""
    text = (TESTS / f"{file}.yaml").read_text()
    names = [case["name"] for case in yaml.load(text, yaml.CSafeLoader)["tests"]]
    return " ".join(name for name in names if name.endswith(of))


each_file = pytest.mark.parametrize("file", list(rules()))


@each_file
def test_alerts_read_exported_metrics(file: str) -> None:
    found = [
        problem
        for rule in alerts(file)
        for problem in problems(f"{file}.yaml: the alert {rule['alert']}", rule["expr"])
    ]
    assert not found, "\n".join(found)


@each_file
def test_recording_rules_read_exported_metrics(file: str) -> None:
    recordings = [rule for rule in rules()[file] if "record" in rule]
    found = [
        problem
        for rule in recordings
        for problem in problems(f"{file}.yaml: {rule['record']}", rule["expr"])
    ]
    assert not found, "\n".join(found)


@each_file
def test_alerts_have_severity_and_runbook(file: str) -> None:
    for rule in alerts(file):
        severity = rule["labels"]["severity"]
        assert severity in SEVERITIES or rule["alert"] == "Watchdog", (
            f"{file}.yaml: {rule['alert']} has the severity {severity}"
        )
        assert {"summary", "description", "runbook_url"} <= set(rule["annotations"]), (
            f"{file}.yaml: {rule['alert']} says too little"
        )
        runbook, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert (ROOT / runbook).is_file(), (
            f"{file}.yaml: {rule['alert']} sends its reader to {runbook}, which does not exist"
        )
        assert not anchor or anchor in anchors(ROOT / runbook), (
            f"{file}.yaml: {runbook} has no heading for {anchor}"
        )


@each_file
def test_alerts_keep_no_labels_of_the_target(file: str) -> None:
    """The replacement of an exporter must not end an alert of another component."""
    assert not [
        rule["alert"] for rule in alerts(file) if not AGGREGATED.match(rule["expr"].strip())
    ]


def test_certificate_without_end_does_not_expire() -> None:
    """cert-manager reports 0 for a certificate that was never issued."""
    read = "certmanager_certificate_expiration_timestamp_seconds"
    exprs = [rule["expr"] for rule in alerts("trust")]
    found = "".join([*exprs, *dashboard_files().values()])
    assert found.count(read) == found.count(f"({read} > 0)") > 0


def test_recording_rules_are_used() -> None:
    panels = "".join(dashboard_files().values())
    read = panels + "".join(rule["expr"] for file in rules() for rule in alerts(file))
    assert not [name for name in recorded() if name not in read]


def test_promtool_accepts_rules() -> None:
    run("promtool", "check", "rules", *sorted((CHART / "rules").glob("*.yaml")))


@each_file
def test_promtool_unit_tests_pass(file: str) -> None:
    run("promtool", "test", "rules", TESTS / f"{file}.yaml")


@each_file
def test_ratio_alerts_stay_silent_when_idle(file: str) -> None:
    """Some bad requests of an idle hour are a large share, but no outage."""
    tested = cases(file, "bad requests of an idle hour")
    assert not [
        rule["alert"]
        for rule in alerts(file)
        if is_ratio(rule["expr"]) and rule["alert"] not in tested
    ]


@each_file
def test_missing_members_alert_without_series(file: str) -> None:
    """A count or sum without series has no value to compare."""
    tested = cases(file, "every series ends")
    assert not [
        rule["alert"]
        for rule in alerts(file)
        if MEMBERS_MISSING.match(rule["expr"]) and rule["alert"] not in tested
    ]


@pytest.mark.parametrize("slo", OBJECTIVES)
def test_objectives_have_two_burn_rate_windows(slo: str) -> None:
    budget = f"{1 - OBJECTIVES[slo][1]:.6f}".rstrip("0")
    found = {
        rule["labels"]["severity"]: " ".join(rule["expr"].split())
        for rule in alerts("slo")
        if f'slo="{slo}"' in rule["expr"]
    }
    assert found == {
        severity: f'slo:errors:ratio_rate{long}{{slo="{slo}"}} > {rate} * {budget} '
        f'and slo:errors:ratio_rate{short}{{slo="{slo}"}} > {rate} * {budget} '
        f'and slo:errors:increase{long}{{slo="{slo}"}} >= {MINIMUM_BAD_REQUESTS}'
        for severity, (long, short, rate) in WINDOWS.items()
    }
