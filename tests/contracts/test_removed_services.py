"""Removal of services and words in two deployments with `cdk deploy "<env>/*"`, under
CloudFormation's rules for exports.
"""

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from spotmusic_cdk.settings import Settings
from tests.conftest import Template, sample_of, synthesize, templates_in
from tests.model.assembly import stacks_before
from tests.properties.test_references import STRONG, references

PRODUCERS = ("network", "secrets", "registry", "data")
Templates = dict[str, Template]
Words = dict[str, tuple[str | dict[str, str], ...]]
WORDS: Words = {
    "web-api": ("tasks",),
    "recommendations": ({"catalogue": "read"}, "events"),
    "trends": ("cache",),
    "notifications": ("tasks",),
}
"""Words of each kind. Without `tasks` the worker scales on no queue, and no metric counts messages."""
REMOVALS: dict[str, tuple[tuple[str, ...], Words]] = {
    "services": (("playback", "notifications"), {"web-api": ("tasks",)}),
    "words": ((), WORDS),
}
"""A service with a route and a worker with the only queue of web-api, and words without a service."""


def removed(state: str, gone_services: tuple[str, ...], words: Words) -> Settings:
    """dev before, during and after the removal of services and of words, validated as a file."""
    document = sample_of("dev").model_dump(exclude_unset=True)
    services = document["services"]
    if state != "running":
        for name, gone in words.items():
            services[name]["talks_to"] = tuple(word for word in services[name]["talks_to"] if word not in gone)
            services[name] |= {"retired_talks_to": gone} if state == "retired" else {}
            if "tasks" in gone and state == "deleted":
                services[name].get("scaling", {}).pop("messages_per_task", None)
    for service in gone_services:
        if state == "retired":
            services[service]["retired"] = True
        if state == "deleted":
            del services[service]
    return Settings.model_validate(document)


@pytest.fixture(scope="module")
def synthesized_as(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Templates]:
    @cache
    def templates(state: str, removal: str = "words") -> Templates:
        outdir = tmp_path_factory.mktemp("removal")
        synthesize(removed(state, *REMOVALS[removal]), outdir=outdir, policies=False)
        found = templates_in(outdir / "assembly-dev")
        before = stacks_before(outdir / "assembly-dev")
        # The order of a deployment, which is that of the dependencies.
        return {stack: found[stack] for stack in sorted(found, key=lambda stack: (len(before[stack]), stack))}

    return templates


def exported(template: Template) -> dict[str, Any]:
    return {output["Export"]["Name"]: output["Value"] for output in template.get("Outputs", {}).values() if "Export" in output}


def imported(template: Template) -> set[str]:
    return {name for function, name in references(template) if function == STRONG}


def refusals(before: Templates, now: Templates) -> Iterator[str]:
    """Updates that CloudFormation rejects, stack by stack in the order of deployment."""
    deployed = dict(before)
    for stack, template in now.items():
        others = {export for other in deployed if other != stack for export in imported(deployed[other])}
        after = exported(template)
        lost = {name for name, value in exported(deployed[stack]).items() if after.get(name) != value}
        yield from (f"{stack} drops {name}" for name in sorted(lost & others))
        there = set().union(*(exported(deployed[other]) for other in deployed if other != stack))
        yield from (f"{stack} imports {name}, which nobody exports" for name in sorted(imported(template) - there))
        deployed[stack] = template


@pytest.mark.parametrize("removal", REMOVALS)
def test_both_deployments_are_accepted(synthesized_as: Callable[..., Templates], removal: str) -> None:
    running, retired, deleted = synthesized_as("running"), synthesized_as("retired", removal), synthesized_as("deleted", removal)
    assert list(refusals(running, retired)) == []
    assert list(refusals(retired, deleted)) == []


@pytest.mark.parametrize("removal", REMOVALS)
def test_retirement_leaves_producers_as_they_are(synthesized_as: Callable[..., Templates], removal: str) -> None:
    running, retired = synthesized_as("running"), synthesized_as("retired", removal)
    assert {stack for stack in PRODUCERS if running[stack] != retired[stack]} == set()


@pytest.mark.parametrize("removal", REMOVALS)
def test_consumers_change_in_the_first_deployment_alone(synthesized_as: Callable[..., Templates], removal: str) -> None:
    retired, deleted = synthesized_as("retired", removal), synthesized_as("deleted", removal)
    assert {stack for stack in ("ecs-services", "observability") if retired[stack] != deleted[stack]} == set()
    assert retired["network"] != deleted["network"]


@pytest.mark.parametrize("removal", REMOVALS)
def test_tasks_stop_before_brokers_drop_users(synthesized_as: Callable[..., Templates], removal: str) -> None:
    order = list(synthesized_as("retired", removal))
    assert order.index("ecs-services") < order.index("eks-platform")


@pytest.mark.parametrize("service", REMOVALS["services"][0])
def test_retired_service_is_gone_from_consumers(synthesized_as: Callable[..., Templates], service: str) -> None:
    running, retired = synthesized_as("running"), synthesized_as("retired", "services")
    for stack in ("ecs-services", "observability"):
        assert f"{service}Service" in json.dumps(running["ecs-services"])
        assert f"{service}Service" not in json.dumps(retired[stack]), stack
    assert "/v1/playback" in json.dumps(running["eks-platform"]["Resources"])
    kong = next(r for id_, r in retired["eks-platform"]["Resources"].items() if id_.startswith("KongReleaseChart"))
    assert "/v1/playback" not in json.dumps(kong)


@pytest.mark.parametrize("removal", REMOVALS)
def test_deletion_at_once_is_refused_first(synthesized_as: Callable[..., Templates], removal: str) -> None:
    first, *_ = refusals(synthesized_as("running"), synthesized_as("deleted", removal))
    assert first.startswith("network drops ")


def test_each_word_with_rules_holds_its_export(synthesized_as: Callable[..., Templates]) -> None:
    running = synthesized_as("running")
    held = {name for name in imported(running["ecs-services"]) if "-talks-to-" in name}
    assert held == {
        f"spotmusic-dev-network:{name}-talks-to-{word}"
        for name, service in sample_of("dev").services.items()
        for word in service.connections
    }
