"""Modelled duration of a first deployment of production."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tools.checkout import ROOT
from tools.deploy_plan.__main__ import UNLIMITED, deployment_of
from tools.deploy_plan.model import Deployment

MOST_MINUTES = 26
"""Minutes with four stacks at a time."""
MOST_RELEASES = 5
"""Helm releases in a row in one stack."""
CONCURRENCY = 4


@pytest.fixture(scope="session")
def deployments(synthesized: Callable[[str], Path]) -> Callable[[str], Deployment]:
    return cache(lambda environment: deployment_of(environment, synthesized(environment)))


@pytest.fixture
def deployment(deployments: Callable[[str], Deployment]) -> Deployment:
    return deployments("prod")


def test_first_deployment_stays_short(deployment: Deployment) -> None:
    assert deployment.timeline(CONCURRENCY).minutes <= MOST_MINUTES, (
        "`make deploy-plan ENV=prod` shows which stack waits for which"
    )


def test_releases_have_few_levels(deployment: Deployment) -> None:
    assert len(deployment.releases_in_a_row) <= MOST_RELEASES, " > ".join(
        deployment.releases_in_a_row
    )


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
@pytest.mark.parametrize("concurrency", [1, 2, CONCURRENCY, UNLIMITED])
def test_stacks_wait_for_earlier_ones(
    deployments: Callable[[str], Deployment], environment: str, concurrency: int
) -> None:
    """`timeline` raises an error if all running stacks wait for values of a stack that cannot
    start.
    """
    assert deployments(environment).timeline(concurrency).minutes > 0


def test_document_has_the_modelled_minutes(deployment: Deployment) -> None:
    text = (ROOT / "docs" / "deployment.md").read_text()
    stated = [
        int(minutes)
        for minutes in re.findall(
            r"^\| (?:one after the other|`--concurrency 4`) \| (\d+) \|$", text, re.MULTILINE
        )
    ]
    assert stated == [
        round(deployment.timeline(concurrency).minutes) for concurrency in (1, CONCURRENCY)
    ]
