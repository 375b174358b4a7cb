"""Removal of services and words in two deployments with `cdk deploy "<env>/*"`, under
CloudFormation's rules for exports.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spotmusic_cdk.settings import Settings, schema
from tests.disposable import disposable_settings
from tests.properties.test_references import STRONG, references
from tools.changes.change import Effect
from tools.changes.comparison import compare
from tools.checkout import synthesize
from tools.model.assembly import stacks_before
from tools.model.templates import Template, templates_in

PRODUCERS = ("network", "secrets", "registry", "data")
CONSUMERS = ("ecs-services", "observability")
Templates = dict[str, Template]
Words = dict[str, tuple[str | dict[str, str], ...]]
SERVICES = ("playback", "mailer")
"""Service with a route, and worker that scales on a queue."""
WORDS: Words = {
    "web-api": ("tasks",),
    "recommendations": ({"catalogue": "read"}, "events"),
    "trends": ("cache",),
    "notifications": ("tasks",),
}
"""Words of each kind. Without `tasks` the worker does not scale on a queue, and no metric counts
messages."""
REMOVALS: dict[str, tuple[tuple[str, ...], Words]] = {
    "services": (SERVICES, {}),
    "words": ((), WORDS),
    "both": (SERVICES, WORDS),
}


def removed(
    state: str, gone_services: tuple[str, ...] = SERVICES, words: Words = WORDS
) -> Settings:
    """Environment before, during and after the removal of services and words, validated
    as a file.
    """
    document = disposable_settings().model_dump(exclude_unset=True)
    services = document["services"]
    if state != "running":
        for name, gone in words.items():
            services[name]["talks_to"] = tuple(
                word for word in services[name]["talks_to"] if word not in gone
            )
            services[name] |= {"retired_talks_to": gone} if state == "retired" else {}
            if "tasks" in gone and state == "deleted":
                services[name].get("scaling", {}).pop("messages_per_task", None)
    for service in gone_services:
        if state == "retired":
            services[service]["retired"] = True
        if state == "deleted":
            del services[service]
    return Settings.model_validate(document)


def read(assembly: Path) -> Templates:
    """Templates in the order of a deployment, which is the order of dependencies."""
    found, before = templates_in(assembly), stacks_before(assembly)
    return {
        stack: found[stack]
        for stack in sorted(found, key=lambda stack: (len(before[stack]), stack))
    }


@pytest.fixture(scope="module")
def running(disposable: Path) -> Templates:
    return read(disposable)


@pytest.fixture(scope="module")
def retired(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return read(synthesized("retired", tmp_path_factory.mktemp("retired")))


@pytest.fixture(scope="module")
def deleted(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return read(synthesized("deleted", tmp_path_factory.mktemp("deleted")))


def synthesized(state: str, outdir: Path) -> Path:
    synthesize(removed(state), outdir=outdir, policies=False, assets=False)
    return outdir / "assembly-dev"


def exported(template: Template) -> dict[str, Any]:
    return {
        output["Export"]["Name"]: output["Value"]
        for output in template.get("Outputs", {}).values()
        if "Export" in output
    }


def imported(template: Template) -> set[str]:
    return {name for function, name in references(template) if function == STRONG}


def refusals(before: Templates, now: Templates) -> Iterator[str]:
    """Yield the updates that CloudFormation rejects, stack by stack in the order of deployment."""
    deployed = dict(before)
    for stack, template in now.items():
        others = {
            export for other in deployed if other != stack for export in imported(deployed[other])
        }
        after = exported(template)
        lost = {
            name for name, value in exported(deployed[stack]).items() if after.get(name) != value
        }
        yield from (f"{stack} drops {name}" for name in sorted(lost & others))
        there = set().union(*(exported(deployed[other]) for other in deployed if other != stack))
        yield from (
            f"{stack} imports {name}, which no stack exports"
            for name in sorted(imported(template) - there)
        )
        deployed[stack] = template


@pytest.mark.parametrize("removal", REMOVALS)
def test_removal_keeps_and_runs_the_rest(removal: str) -> None:
    """A removal of only services or only words is a removal as well."""
    retired = removed("retired", *REMOVALS[removal])
    assert retired.kept != retired
    assert talking(retired.kept) == talking(removed("running"))
    assert talking(retired.running) == talking(removed("deleted", *REMOVALS[removal]))


def talking(settings: Settings) -> dict[str, set[str]]:
    """Words of each service."""
    return {
        name: {str(word) for word in service.talks_to}
        for name, service in settings.services.items()
    }


def test_both_deployments_are_accepted(
    running: Templates, retired: Templates, deleted: Templates
) -> None:
    assert list(refusals(running, retired)) == []
    assert list(refusals(retired, deleted)) == []


def test_retirement_interrupts_retired_users_alone(running: Templates, retired: Templates) -> None:
    """Effect of `retired` and `retired_talks_to` in spotmusic_cdk/settings/schema.py."""
    worse = [change for change in compare(running, retired) if change.effect != Effect.NONE]
    assert {str(change.effect) for change in worse} == {
        schema.EFFECTS["ServiceSettings.retired"]["on"]
    }
    stopped = {
        change.subject for change in worse if "AWS::ECS::Service is deleted" in change.detail
    }
    assert {re.sub(r"Service[0-9A-F]{8}$", "", subject) for subject in stopped} == {*SERVICES}
    assert [
        change
        for change in worse
        if not change.subject.startswith((*SERVICES, "rabbitmq-topology", "redpanda-access"))
    ] == []


def test_retirement_leaves_producers_as_they_are(running: Templates, retired: Templates) -> None:
    assert {stack for stack in PRODUCERS if running[stack] != retired[stack]} == set()


def test_consumers_change_in_the_first_deployment_alone(
    retired: Templates, deleted: Templates
) -> None:
    assert {stack for stack in CONSUMERS if retired[stack] != deleted[stack]} == set()
    assert retired["network"] != deleted["network"]


def test_tasks_stop_before_brokers_drop_users(retired: Templates) -> None:
    order = list(retired)
    assert order.index("ecs-services") < order.index("eks-platform")


@pytest.mark.parametrize("service", SERVICES)
def test_retired_service_is_gone_from_consumers(
    running: Templates, retired: Templates, service: str
) -> None:
    for stack in CONSUMERS:
        assert f"{service}Service" in json.dumps(running["ecs-services"])
        assert f"{service}Service" not in json.dumps(retired[stack]), stack
    assert "/v1/playback" in json.dumps(running["eks-platform"]["Resources"])
    kong = next(
        r
        for id_, r in retired["eks-platform"]["Resources"].items()
        if id_.startswith("KongReleaseChart")
    )
    assert "/v1/playback" not in json.dumps(kong)


@pytest.mark.parametrize("removal", ["services", "words"])
def test_deletion_at_once_is_refused_first(
    running: Templates, deleted: Templates, removal: str
) -> None:
    services, words = REMOVALS[removal]
    found = [*refusals(running, deleted)]
    assert found[0].startswith("network drops ")
    for named in (
        *(f"service{name}" for name in services),
        *(f"{name}-talks-to-" for name in words),
    ):
        assert any(named in refusal for refusal in found), named


def test_words_with_rules_hold_exports(running: Templates) -> None:
    held = {name for name in imported(running["ecs-services"]) if "-talks-to-" in name}
    assert held == {
        f"spotmusic-dev-network:{name}-talks-to-{word}"
        for name, service in removed("running").services.items()
        for word in service.connections
    }
