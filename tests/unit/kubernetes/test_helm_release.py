from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns

from spotmusic_constructs.kubernetes.helm_release import HelmRelease, LocalChart
from tests.conftest import new_stack
from tests.helm_values import cluster_in
from tests.templates import only, resources_of, whole
from tools.checkout import ROOT

HELM = "Custom::AWSCDK-EKS-HelmChart"


@dataclass(frozen=True, kw_only=True)
class PublicChart:
    name: str = "cert-manager"
    version: str = "v1.2.3"
    repository: str = "https://charts.example.com"


def release(stack: cdk.Stack, **changes: Any) -> HelmRelease:
    arguments: dict[str, Any] = {
        "cluster": cluster_in(stack),
        "chart": PublicChart(),
        "release": "cert-manager",
        "namespace": "cert-manager",
        "values": {"crds": {"enabled": True}},
        "wait": True,
    }
    return HelmRelease(stack, "Release", **{**arguments, **changes})


def properties(stack: cdk.Stack) -> dict[str, Any]:
    return only(resources_of(stack), HELM)


def test_release_sets_explicit_properties() -> None:
    stack = new_stack()
    release(stack)
    found = properties(stack)
    assert (
        found.items()
        >= {
            "Release": "cert-manager",
            "Namespace": "cert-manager",
            "Chart": "cert-manager",
            "Version": "v1.2.3",
            "Repository": "https://charts.example.com",
            "Wait": True,
            "Timeout": "600s",
            "Values": '{"crds":{"enabled":true}}',
        }.items()
    )
    assert not {"CreateNamespace", "SkipCrds", "Atomic"} & found.keys()


def test_local_chart_is_an_asset() -> None:
    stack = new_stack()
    release(stack, chart=LocalChart(path=ROOT / "charts" / "bindings"), values={}, atomic=True)
    found = properties(stack)
    assert "ChartAssetURL" in found
    assert (found["Atomic"], found["Timeout"]) == (True, "420s")
    assert not {"Chart", "Version", "Repository"} & found.keys()


def test_release_depends_on_predecessors() -> None:
    stack = new_stack()
    release(stack, after=[sns.Topic(stack, "Before")])
    assert [
        name for name in whole(resources_of(stack), HELM)["DependsOn"] if name.startswith("Before")
    ]


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"release": "Cert_Manager"}, "lower-case letters, digits and dashes"),
        ({"release": "a" * 54}, "at most 53"),
        ({"atomic": True, "wait": False}, "Set wait as well"),
        ({"minutes": 14}, "Use at most 13 minutes"),
        ({"atomic": True, "minutes": 8}, "Use at most 7 minutes with atomic"),
        ({"values": {"a": [{"b": None}]}}, r"values\.a\[0\]\.b is None"),
        ({"values": {"a": "x" * 100_001}}, "Keep them below 100000"),
        (
            {"chart": PublicChart(repository="oci://quay.io/charts")},
            "does not end with the chart's name",
        ),
        ({"chart": LocalChart(path=Path("nowhere"))}, "has no Chart.yaml"),
    ],
)
def test_release_rejects_invalid_options(changes: dict[str, Any], advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        release(new_stack(), **changes)


def test_release_reports_all_problems() -> None:
    with pytest.raises(ValueError, match="Release: release X") as refusal:
        release(new_stack(), release="X", atomic=True, wait=False)
    assert len(str(refusal.value).splitlines()) == 3
