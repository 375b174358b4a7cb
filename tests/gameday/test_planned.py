"""Game day and document of a planned environment, the largest of one cell."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from spotmusic_cdk.settings import Settings
from tools.capacity.plan import plan_for
from tools.checkout import settings_of, synthesize
from tools.cost import prices
from tools.cost.estimate import Estimate, estimate
from tools.documents import scale_document
from tools.gameday.faults import faults_of
from tools.gameday.scenario import Scenario
from tools.model.assembly import Assembly
from tools.model.cluster import read
from tools.model.templates import Template, templates_in

LISTENERS = 5_000_000


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """Production as planned for five million listeners, synthesized without policies."""
    settings = plan_for(settings_of("prod"), LISTENERS).settings
    folder: Path = tmp_path_factory.mktemp("planned")
    synthesize(settings, outdir=folder, policies=False)
    templates = templates_in(folder / "assembly-prod")
    platform = Assembly(name="prod", settings=settings, templates=templates)
    return Scenario(platform=platform, cluster=read("prod", templates, folder / "assembly-prod"))


@pytest.mark.parametrize("fault", faults_of(settings_of("prod")))
def test_planned_environment_survives_fault(fault: str, planned: Scenario) -> None:
    short = [
        str(left)
        for left in faults_of(planned.settings)[fault].effects(planned)
        if not left.suffices
    ]
    assert not short, "\n  ".join(short)


def test_scale_document_is_current(
    planned: Scenario, templates: Callable[[str], dict[str, Template]]
) -> None:
    """The columns of 1 and 100 million are those of the document. `make scale` synthesizes them."""
    text, settings = scale_document.DOCUMENT.read_text(), settings_of("prod")
    small = plan_for(settings, scale_document.SIZES["0.1 million"])
    assert small.changes.keys() == {("capacity", "listeners")}, (
        "shipped templates no longer carry 0.1 million"
    )
    costs = scale_document.columns(text)
    costs["0.1 million"] = scale_document.column(
        _estimate(templates("prod"), small.settings), small
    )
    middle = plan_for(settings, scale_document.SIZES["10 million"])
    assert middle.settings == planned.settings
    costs["10 million"] = scale_document.column(
        _estimate(planned.platform.templates, planned.settings), middle
    )
    assert text == scale_document.written(text, settings, costs), "run `make scale`"


def _estimate(templates: Mapping[str, Template], settings: Settings) -> Estimate:
    regions = {stack: "us-east-1" if stack == "edge" else settings.region for stack in templates}
    return estimate(dict(templates), regions, settings, prices.read())
