"""Removal of a service in two deployments: no stack drops an export that a deployed stack still imports."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from spotmusic_cdk.platform import Platform
from spotmusic_cdk.settings import Settings
from tests.conftest import Template, feature_flags, settings_of, templates_in
from tests.properties.test_references import STRONG, references

PRODUCERS = ("network", "secrets", "registry", "data")
Templates = dict[str, Template]
Synthesize = Callable[..., Templates]


def changed(settings: Settings, service: str, **update: Any) -> Settings:
    entry = settings.services[service].model_copy(update=update)
    return settings.model_copy(update={"services": {**settings.services, service: entry}})


def without(settings: Settings, service: str) -> Settings:
    return settings.model_copy(update={"services": {name: entry for name, entry in settings.services.items() if name != service}})


@pytest.fixture(scope="module")
def synthesized_as(tmp_path_factory: pytest.TempPathFactory) -> Synthesize:
    """Gives the templates of dev: unchanged, with a service retired, or without it."""

    @cache
    def templates(service: str = "", state: str = "running") -> Templates:
        dev, outdir = settings_of("dev"), tmp_path_factory.mktemp("removal")
        settings = {
            "running": lambda: dev,
            "retired": lambda: changed(dev, service, retired=True),
            "deleted": lambda: without(dev, service),
            "without cache": lambda: changed(
                dev, service, talks_to=tuple(word for word in dev.services[service].talks_to if word != "cache")
            ),
        }[state]()
        app = cdk.App(outdir=str(outdir), context=feature_flags())
        Platform(app, settings=settings)
        app.synth()
        return templates_in(Path(outdir) / "assembly-dev")

    return templates


def exported(template: Template) -> set[str]:
    return {output["Export"]["Name"] for output in template.get("Outputs", {}).values() if "Export" in output}


def imported(template: Template) -> set[str]:
    return {name for function, name in references(template) if function == STRONG}


def of(templates: Templates, stack: str) -> set[str]:
    return exported(templates[stack])


def every_export(templates: Templates) -> set[str]:
    return set().union(*map(exported, templates.values()))


def refused(before: Templates, now: Templates, *, updated: tuple[str, ...] = ()) -> set[str]:
    """Exports that go though a stack imports them that is not updated yet: CloudFormation refuses to delete them."""
    used = set().union(*(imported((now if stack in updated else before)[stack]) for stack in before))
    return (every_export(before) - every_export(now)) & used


@pytest.mark.parametrize("service", ["playback", "notifications"])
def test_retired_service_leaves_producers_as_they_are(synthesized_as: Synthesize, service: str) -> None:
    running, retired = synthesized_as(), synthesized_as(service, "retired")
    assert {stack for stack in PRODUCERS if running[stack] != retired[stack]} == set()


@pytest.mark.parametrize("service", ["playback", "notifications"])
def test_retired_service_is_gone_from_consumers(synthesized_as: Synthesize, service: str) -> None:
    running, retired = synthesized_as(), synthesized_as(service, "retired")
    assert f"{service}Service" in json.dumps(running["ecs-services"])
    for stack in ("ecs-services", "observability"):
        assert f"{service}Service" not in json.dumps(retired[stack]), stack
    assert "/v1/playback" in json.dumps(running["eks-platform"]["Resources"])
    kong = next(r for id_, r in retired["eks-platform"]["Resources"].items() if id_.startswith("KongReleaseChart"))
    assert ("/v1/playback" in json.dumps(kong)) == (service != "playback")


@pytest.mark.parametrize("service", ["playback", "notifications"])
def test_retirement_is_accepted_after_observability(synthesized_as: Synthesize, service: str) -> None:
    running, retired = synthesized_as(), synthesized_as(service, "retired")
    assert imported(retired["observability"]) <= every_export(running)
    assert refused(running, retired, updated=("observability",)) == set()
    assert {name.split(":")[0] for name in refused(running, retired)} == {"spotmusic-dev-ecs-services"}


@pytest.mark.parametrize("service", ["playback", "notifications"])
def test_deletion_is_accepted_after_retirement(synthesized_as: Synthesize, service: str) -> None:
    retired, deleted = synthesized_as(service, "retired"), synthesized_as(service, "deleted")
    assert imported(deleted["eks-platform"]) <= every_export(retired)
    assert refused(retired, deleted, updated=("eks-platform",)) == set()
    assert of(deleted, "network") < of(retired, "network")


def test_deletion_at_once_is_refused_first(synthesized_as: Synthesize) -> None:
    running, deleted = synthesized_as(), synthesized_as("playback", "deleted")
    assert (of(running, "network") - of(deleted, "network")) & imported(running["ecs-services"])


def test_words_are_removed_from_consumers_first(synthesized_as: Synthesize) -> None:
    running, without_word = synthesized_as(), synthesized_as("trends", "without cache")
    assert imported(without_word["ecs-services"]) <= every_export(running)
    assert refused(running, without_word), "CloudFormation would let the producers go first"
    assert refused(running, without_word, updated=("ecs-services",)) == set()
