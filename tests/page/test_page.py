"""Content of the page, without a browser."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spotmusic_cdk import flows
from spotmusic_cdk.command_line import CommandError
from tests.conftest import STACKS, TODAY
from tests.properties.deviations import DEVIATIONS
from tools.checkout import ROOT, settings_of
from tools.cost import prices
from tools.model.cluster import RenderedCluster
from tools.model.stacks import stacks_in
from tools.model.templates import Template
from tools.page import __main__ as command
from tools.page import icons
from tools.page.deployed import State
from tools.page.html import LAYERS, path_picture
from tools.page.model import Page, page_of
from tools.page.promises import BROKEN, DEVIATES, ELSEWHERE, KEPT

MEGABYTE = 1_000_000
LEFT_TO_MAKE_TEST = {25, 43, 113, 117, 130, 131, 134}
"""Promises that need the policy packs or another synthesis."""


def pictures(text: str) -> list[set[tuple[str, str]]]:
    """Arrows of each picture."""
    found = re.findall(r'<svg [^>]*class="picture".*?</svg>', text, re.DOTALL)
    return [set(re.findall(r'data-from="([^"]+)" data-to="([^"]+)"', picture)) for picture in found]


def test_page_arrows_match_flows(text: str) -> None:
    _, _, *layers = pictures(text)
    assert layers[-1] == {(flow.source, flow.target) for flow in flows.table(settings_of("prod"))}
    assert [len(layer) for layer in layers] == sorted(len(layer) for layer in layers)
    assert len(layers) == len(LAYERS)


def test_flows_are_the_table_of_flows(data: dict[str, Any]) -> None:
    shown = [
        (flow["source"], flow["target"], flow["ports"].split("–")[0], flow["reason"])
        for flow in data["flows"]
    ]
    assert shown == [
        (
            flow.source,
            flow.target,
            f"{flow.port}{' UDP' if flow.protocol == 'udp' else ''}",
            flow.reason,
        )
        for flow in flows.table(settings_of("prod"))
    ]
    assert {flow["kind"] for flow in data["flows"]} == {"request", "scrape", "operation"}


def test_request_path_leads_from_listener_to_data(text: str) -> None:
    path, narrow, *_ = pictures(text)
    assert narrow == path
    assert ("listener", "cloudfront") in path
    assert {("cloudfront", "bucket-audio"), ("cloudfront", "bucket-web")} <= path
    ends = {target for _, target in path} - {source for source, _ in path}
    assert ends == {
        "bucket-audio",
        "bucket-web",
        "cache",
        "catalogue-database",
        "identity-database",
        "redpanda",
        "rabbitmq",
    }


def test_picture_of_readme_is_current(synthesized: Callable[[str], Path]) -> None:
    picture = path_picture(settings_of("prod"), synthesized("prod"))
    assert (ROOT / "docs" / "request-path.svg").read_text() == picture, "run `make flows`"
    assert len(picture) < 150_000
    assert not re.search(r"href=.http|url\(", picture)
    assert "](docs/request-path.svg)" in (ROOT / "README.md").read_text()


def test_stacks_have_resources_outputs_and_cost(
    data: dict[str, Any], templates: Callable[[str], dict[str, Template]]
) -> None:
    assert {stack["id"] for stack in data["stacks"]} == set(STACKS)
    for stack in data["stacks"]:
        template = templates("prod")[stack["id"]]
        assert (len(stack["resources"]), len(stack["outputs"])) == (
            len(template["Resources"]),
            len(template.get("Outputs", {})),
        )
        assert stack["description"]
        assert data["cost"]["stacks"][stack["id"]][1] >= 0
    kept = {name for stack in data["stacks"] for name, _, keeps, *_ in stack["resources"] if keeps}
    assert {"CatalogueInstance", "AudioBucket"} <= kept
    assert "Dashboard" not in kept


def test_promises_are_judged_on_the_templates(
    page: Page, synthesized: Callable[[str], Path]
) -> None:
    states = {
        promise.number: promise.state for domain in page.promises for promise in domain.promises
    }
    assert {number for number, state in states.items() if state == ELSEWHERE} == LEFT_TO_MAKE_TEST
    assert set(states.values()) == {KEPT, ELSEWHERE}
    assert not {number for number, of in DEVIATIONS.items() if "prod" in of}


def test_alarms_lead_to_their_runbooks(
    data: dict[str, Any],
    templates: Callable[[str], dict[str, Template]],
    deployed: Callable[[str], RenderedCluster],
) -> None:
    resources = [
        resource
        for template in templates("prod").values()
        for resource in template["Resources"].values()
    ]
    alarms = sum(
        "Runbook: " in str(resource["Properties"].get("AlarmDescription"))
        for resource in resources
        if "Properties" in resource
    )
    rules = (
        rule
        for _, found in deployed("prod").of_kind("PrometheusRule")
        for group in found["spec"]["groups"]
        for rule in group["rules"]
    )
    alerts = sum("runbook_url" in rule.get("annotations", {}) for rule in rules)
    assert len(data["alarms"]) == alarms + alerts
    assert all(
        alarm["runbook"].split("#")[0] in data["runbooks"] and alarm["text"] and alarm["condition"]
        for alarm in data["alarms"]
    )
    assert all(
        (ROOT / "docs" / "runbooks" / link.rpartition("/")[2]).exists()
        for _, link in data["runbooks"].values()
    )


def test_conditions_have_periods_of_alarms(data: dict[str, Any]) -> None:
    """Periods of expressions are those of their metrics."""
    conditions = {alarm["name"]: alarm["condition"].split(" ≥ ")[-1] for alarm in data["alarms"]}
    assert conditions["AvailabilityWarningLong"] == "0.6 for 360 min"
    assert conditions["AvailabilityCriticalShort"] == "1.44 for 5 min"
    some = [name for name, text in conditions.items() if re.search(r" in \d+ of 5 min$", text)]
    assert some, "no alarm evaluates more periods than it needs"


def test_page_sections_are_complete(page: Page) -> None:
    assert page.problems == {}
    assert all(left["left"] >= left["needed"] for fault in page.faults for left in fault["effects"])
    assert all(part["needed"] <= part["room"] for part in page.plan)
    assert {part["component"] for part in page.plan} >= {
        "kong",
        "playback",
        "catalogue database",
        "redpanda",
        "cache",
    }
    assert {fault["runbook"] for fault in page.faults} <= page.runbooks.keys()
    assert {board.source for board in page.dashboards} == {"Grafana", "CloudWatch"}
    assert all(
        panel.series for board in page.dashboards for panel in board.panels if panel.kind != "row"
    )
    assert {chart for _, chart, *_ in page.charts} >= {
        "kong",
        "keycloakx",
        "redpanda",
        "kube-prometheus-stack",
    }
    assert [until for _, until, *_ in page.support if until] == sorted(
        until for _, until, *_ in page.support if until
    )


def test_page_requests_nothing_and_is_small(text: str) -> None:
    outside = re.sub(r'<script type="application/json".*?</script>', "", text, flags=re.DOTALL)
    found = re.findall(
        r"""\bsrc=|@import|url\(|<link(?! rel="icon" href="data:)"""
        r"|fetch\(|XMLHttpRequest|import\(",
        outside,
    )
    assert found == []
    assert set(re.findall(r"https?://[\w./]+", outside)) <= {"http://www.w3.org/2000/svg"}
    assert len(text.encode()) < MEGABYTE
    assert text.count("</script>") == text.count("<script") == 2
    assert icons.ATTRIBUTION.split(".")[0] in text


def test_states_of_stacks_are_shown(
    synthesized: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.page.model.judged", lambda *_: [])
    monkeypatch.setattr("tools.page.model.read", lambda *_: None)
    deployed = State(status="CREATE_COMPLETE", outputs={"Url": "https://d1.example"}, resources={})
    found = page_of(
        settings_of("prod"), synthesized("prod"), today=TODAY, states={"edge": deployed}
    )
    stacks = {stack.id: stack for stack in found.stacks}
    assert (stacks["edge"].status, stacks["data"].status) == ("CREATE_COMPLETE", "not deployed")
    assert "https://d1.example" in [value for _, _, value in stacks["edge"].outputs]


def test_missing_price_leaves_the_other_sections(
    synthesized: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.page.model.judged", lambda *_: [])
    monkeypatch.setattr("tools.page.model.read", lambda *_: None)
    rows = [
        line
        for line in prices.PATH.read_text().splitlines(keepends=True)
        if "PublicIPv4" not in line
    ]
    (tmp_path / "prices.csv").write_text("".join(rows))
    monkeypatch.setattr(prices, "PATH", tmp_path / "prices.csv")
    found = page_of(settings_of("prod"), synthesized("prod"), today=TODAY)
    assert found.problems["cost"].startswith("No price of AmazonVPC PublicIPv4")
    assert found.stacks
    assert found.flows


def assembly_of(synthesized: Callable[[str], Path]) -> list[str]:
    return [f"--assembly={synthesized('prod')}"]


def test_mistakes_have_one_message(
    synthesized: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(command, "page_of", lambda *_, **__: pytest.fail("nothing is built"))
    monkeypatch.setattr(command, "CHECKOUT", tmp_path)
    assembly, environments = assembly_of(synthesized), [f"--environments={ROOT / 'environments'}"]
    mistakes = {
        "there is no environment 'nowhere'": ["--env=nowhere", *assembly, *environments],
        "/nowhere: 0 environments found": ["--env=prod", "--assembly=/nowhere", *environments],
        "The embedded AWS is not running": ["--env=prod", "--against=local"],
    }
    for message, arguments in mistakes.items():
        with pytest.raises(CommandError, match=message):
            command.main(arguments)


def test_failure_leaves_the_former_file(
    synthesized: Callable[[str], Path], page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = replace(page, path=page.path[:2], flows=page.flows[:2])
    monkeypatch.setattr(command, "page_of", lambda *_, **__: small)
    file, arguments = tmp_path / "page.html", ["--env=prod", *assembly_of(synthesized), "--output"]
    command.main([*arguments, str(file)])
    written = file.read_text()
    with pytest.raises(CommandError, match=r"/proc/nowhere/page\.html cannot be written"):
        command.main([*arguments, "/proc/nowhere/page.html"])
    monkeypatch.setattr(icons, "MODULES", tmp_path)
    with pytest.raises(CommandError, match="The icons are not installed"):
        command.main([*arguments, str(file)])
    assert file.read_text() == written
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_page_needs_no_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(command, "CHECKOUT", tmp_path)
    assert command._commit() == ""
    monkeypatch.setenv("PATH", "")
    assert command._commit() == ""


def test_environment_without_domain_has_a_page(synthesized: Callable[[str], Path]) -> None:
    found = page_of(settings_of("dev"), synthesized("dev"), today=TODAY)
    assert found.address == ""
    assert list(found.problems) == ["plan", "gameday"]
    relaxed = {
        promise.number
        for domain in found.promises
        for promise in domain.promises
        if promise.state == DEVIATES
    }
    assert relaxed
    assert relaxed <= {number for number, of in DEVIATIONS.items() if "dev" in of}
    assert not [
        promise
        for domain in found.promises
        for promise in domain.promises
        if promise.state == BROKEN
    ]
    assert set(stacks_in(synthesized("dev"))) == set(STACKS)
