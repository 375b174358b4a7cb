"""Modelled duration of a first deployment of production."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tools.deploy_plan.__main__ import deployment_of
from tools.deploy_plan.model import Deployment

MOST_MINUTES = 47
"""Minutes of all stacks in parallel."""
CONCURRENCY = 4


@pytest.fixture(scope="module")
def deployment(synthesized: Callable[[str], Path]) -> Deployment:
    return deployment_of("prod", synthesized("prod"))


def test_first_deployment_stays_short(deployment: Deployment) -> None:
    assert deployment.timeline(CONCURRENCY).minutes <= MOST_MINUTES, "`make deploy-plan ENV=prod` shows which stack waits for which"


def test_document_has_the_modelled_minutes(deployment: Deployment) -> None:
    text = (ROOT / "docs" / "deployment.md").read_text()
    stated = [int(minutes) for minutes in re.findall(r"^\| (?:one after the other|`--concurrency 4`) \| (\d+) \|$", text, re.MULTILINE)]
    assert stated == [int(deployment.timeline(concurrency).minutes) for concurrency in (1, CONCURRENCY)]
