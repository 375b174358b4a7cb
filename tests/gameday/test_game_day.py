"""Game day, offline: remaining capacity after each fault, compared with the declared busiest
minute."""

import re
from collections.abc import Callable
from functools import cache

import pytest

from spotmusic_constructs.resilience.experiment import PODS
from tests.charts.connections import pods_behind
from tools.checkout import ROOT, settings_of
from tools.gameday import document
from tools.gameday.faults import faults_of
from tools.gameday.figures import FAILOVER_SECONDS
from tools.gameday.scenario import Scenario
from tools.model.assembly import Assembly, Resource
from tools.model.cluster import RenderedCluster
from tools.model.templates import Template

BROKERS = {"redpanda": "redpanda", "rabbitmq": "rabbitmq-server"}
"""Pod names of brokers by namespace. RabbitMQ's operator appends a suffix."""
IN_WORDS = {"PT10M": "ten minutes"}
"""Duration of an action in runbooks."""
ENVIRONMENTS = ("staging", "prod")
CASES = [
    pytest.param(environment, fault, id=f"{environment}: {fault}")
    for environment in ENVIRONMENTS
    for fault in faults_of(settings_of(environment))
]


@pytest.fixture(scope="session")
def scenario(
    templates: Callable[[str], dict[str, Template]], deployed: Callable[[str], RenderedCluster]
) -> Callable[[str], Scenario]:
    """Environment by name."""

    @cache
    def give(environment: str) -> Scenario:
        platform = Assembly(
            name=environment, settings=settings_of(environment), templates=templates(environment)
        )
        return Scenario(platform=platform, cluster=deployed(environment))

    return give


@pytest.mark.parametrize(("environment", "fault"), CASES)
def test_remaining_capacity_covers_peak(
    environment: str, fault: str, scenario: Callable[[str], Scenario]
) -> None:
    found = list(faults_of(settings_of(environment))[fault].effects(scenario(environment)))
    assert found, "no capacity was checked"
    short = [str(left) for left in found if not left.suffices]
    assert not short, f"{environment} without {fault}:\n  " + "\n  ".join(short)


def test_failover_time_matches_recovery() -> None:
    recovery = (ROOT / "docs" / "recovery.md").read_text()
    rows = re.findall(
        r"^\| a zone, with the primary (database|cache)\b[^|]*\|[^|]*\| (\d+) minutes \|",
        recovery,
        re.MULTILINE,
    )
    assert {what: int(minutes) * 60 for what, minutes in rows} == FAILOVER_SECONDS


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_faults_and_experiments_correspond(
    environment: str, scenario: Callable[[str], Scenario]
) -> None:
    made = {
        template.tags["Name"]
        for template in scenario(environment).platform.some("AWS::FIS::ExperimentTemplate")
    }
    practised = {
        name for fault in faults_of(settings_of(environment)).values() for name in fault.experiment
    }
    assert made == practised


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_broker_experiment_selects_brokers_only(
    environment: str, scenario: Callable[[str], Scenario]
) -> None:
    here, looked_at = scenario(environment), set()
    for template in here.platform.some("AWS::FIS::ExperimentTemplate"):
        for target in template["Targets"].values():
            if target["ResourceType"] == PODS:
                namespace = target["Parameters"]["namespace"]
                name, value = target["Parameters"]["selectorValue"].split("=")
                found = {
                    pod["metadata"]["name"]
                    for pod in pods_behind(here.cluster, namespace, {name: value})
                }
                assert found == {BROKERS[namespace]}, (
                    f"{template.tags['Name']} deletes pods of {sorted(found)}"
                )
                looked_at.add(namespace)
    assert looked_at == set(BROKERS)


def test_fault_runbook_names_experiment() -> None:
    for fault in faults_of(settings_of("prod")).values():
        runbook = (ROOT / "docs" / "runbooks" / f"{fault.runbook}.md").read_text()
        kind = re.sub(r"(?<=Zone|Node)[A-C]$|(?<=Task-).*", "", fault.experiment[0])
        assert kind in runbook, (
            f"{fault.runbook}.md does not say how to practise {fault.name} ({kind})"
        )


def test_experiment_runbooks_have_start_end_expectation(
    scenario: Callable[[str], Scenario],
) -> None:
    lasting = {
        template.tags["Name"]: lengths(template)
        for template in scenario("prod").platform.some("AWS::FIS::ExperimentTemplate")
    }
    for fault in faults_of(settings_of("prod")).values():
        text = (ROOT / "docs" / "runbooks" / f"{fault.runbook}.md").read_text()
        (paragraph,) = re.findall(r"\*\*How to practise it\.\*\*(.+?)\n\n", text, re.DOTALL)
        anchor = fault.name.lower().replace(" ", "-")
        said = ["(../game-day.md#a-game-day)", f"(../game-day.md#{anchor})", "xpect", "atch "]
        lengths_of = set().union(*(lasting[name] for name in fault.experiment))
        said += (
            [IN_WORDS[length] for length in lengths_of] + ["`aws fis stop-experiment --id <id>`"]
            if lengths_of
            else ["over at"]
        )
        missing = [words for words in said if words not in " ".join(paragraph.split())]
        assert not missing, f"{fault.runbook}.md, on how to practise {fault.name}, lacks {missing}"


def lengths(template: Resource) -> set[str]:
    return {
        action["Parameters"]["duration"]
        for action in template["Actions"].values()
        if "duration" in action.get("Parameters", {})
    }


def test_production_declares_listeners() -> None:
    settings = settings_of("prod")
    assert settings.capacity.listeners
    assert [name for name, service in settings.services.items() if service.load is None] == []


def test_game_day_document_is_current(scenario: Callable[[str], Scenario]) -> None:
    text = document.PATH.read_text()
    assert text == document.written(text, scenario("prod")), "run `make game-day`"
