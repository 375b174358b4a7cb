from pathlib import Path

import aws_cdk as cdk
import pytest

from spotmusic_constructs.kubernetes.helm_release import HelmRelease, LocalChart
from stacks.again import run_again
from tests.helm_values import cluster_in
from tests.templates import resources_of
from tools.checkout import ROOT
from tools.model.templates import RELEASE

CHART = LocalChart(path=Path(ROOT, "charts", "trust"))


@pytest.fixture
def stage() -> cdk.Stage:
    """Platform with one Helm release and one custom resource."""
    stage = cdk.Stage(cdk.App(), "prod")
    stack = cdk.Stack(
        stage, "data", env=cdk.Environment(account="111122223333", region="sa-east-1")
    )
    HelmRelease(
        stack,
        "Trust",
        cluster=cluster_in(stack),
        chart=CHART,
        release="trust",
        namespace="cert-manager",
        values={},
        wait=True,
    )
    token = "arn:aws:lambda:sa-east-1:111122223333:function:users"
    cdk.CustomResource(stack, "Users", resource_type="Custom::Users", service_token=token)
    return stage


def marks(stage: cdk.Stage) -> dict[str, str | None]:
    """Mark of each custom resource by its type."""
    (stack,) = (child for child in stage.node.children if isinstance(child, cdk.Stack))
    return {
        found["Type"]: found["Properties"].get("Again")
        for found in resources_of(stack).values()
        if found["Type"].startswith("Custom::")
    }


@pytest.mark.parametrize(("name", "type_"), [("trust", RELEASE), ("Users", "Custom::Users")])
def test_run_again_marks_named_resource_only(stage: cdk.Stage, name: str, type_: str) -> None:
    run_again(stage, name=name, mark=f"{name} 1")
    assert {kind for kind, mark in marks(stage).items() if mark} == {type_}


def test_run_again_rejects_unknown_name(stage: cdk.Stage) -> None:
    with pytest.raises(
        ValueError, match=r"no release or custom resource `kafka`\. Choose one of Users, trust"
    ):
        run_again(stage, name="kafka", mark="kafka 1")
