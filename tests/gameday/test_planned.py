"""Game day of a planned environment: the largest of one cell."""

from pathlib import Path

import pytest

from tests.conftest import sample_of, synthesize, templates_in
from tests.model.assembly import Assembly
from tests.model.cluster import read
from tools.capacity.plan import plan_for
from tools.gameday.faults import faults_of
from tools.gameday.scenario import Scenario

LISTENERS = 5_000_000


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """Production as planned for five million listeners, synthesized without policies."""
    settings = plan_for(sample_of("prod"), LISTENERS).settings
    folder: Path = tmp_path_factory.mktemp("planned")
    synthesize(settings, outdir=folder, policies=False)
    templates = templates_in(folder / "assembly-prod")
    platform = Assembly(name="prod", settings=settings, templates=templates)
    return Scenario(platform=platform, cluster=read("prod", templates, folder / "assembly-prod"))


@pytest.mark.parametrize("fault", faults_of(sample_of("prod")))
def test_planned_environment_survives_fault(fault: str, planned: Scenario) -> None:
    short = [str(left) for left in faults_of(planned.settings)[fault].effects(planned) if not left.suffices]
    assert not short, "\n  ".join(short)
