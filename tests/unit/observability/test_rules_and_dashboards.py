from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from spotmusic_constructs.kubernetes.helm_release import LocalChart
from spotmusic_constructs.observability.rules_and_dashboards import TEAM, RulesAndDashboards
from tests.conftest import new_stack
from tests.helm_values import cluster_in, values_of
from tests.templates import of_type, only, resources_of
from tools.model.helm import render

CHART = Path(__file__).parents[3] / "charts" / "monitoring"
CHOICES = (
    "brokerLoadBalancer",
    "buckets",
    "cacheNodes",
    "databases",
    "distribution",
    "ecsCluster",
    "ecsServices",
    "eksCluster",
)
NAMES = {
    choice: {"one": "one-0123"}
    for choice in (*CHOICES, "loadBalancers", "natGateways", "repositories", "webAcl")
}
VIEWER = "arn:aws:iam::111122223333:role/team"


def made(**changes: Any) -> cdk.Stack:
    stack = new_stack()
    RulesAndDashboards(
        stack,
        "Rules",
        cluster=cluster_in(stack),
        chart=LocalChart(path=CHART),
        **{"names": NAMES, **changes},
    )
    return stack


def test_viewers_can_forward_ports_only() -> None:
    stack = made(viewers=[VIEWER])
    entry = only(resources_of(stack), "AWS::EKS::AccessEntry")
    assert (entry["PrincipalArn"], entry["KubernetesGroups"]) == (VIEWER, [TEAM])
    assert "AccessPolicies" not in entry
    manifests = render(
        CHART, "rules-and-dashboards", "monitoring", values_of(stack, "rules-and-dashboards")
    )
    (role,) = (m for m in manifests if m["kind"] == "Role")
    assert [(rule["resources"], rule["verbs"]) for rule in role["rules"]] == [
        (["services", "pods"], ["get", "list"]),
        (["pods/portforward"], ["create"]),
    ]
    (binding,) = (m for m in manifests if m["kind"] == "RoleBinding")
    assert [subject["name"] for subject in binding["subjects"]] == [TEAM]
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert {m["metadata"]["namespace"] for m in (role, binding)} == {"monitoring"}


def test_removed_viewer_keeps_other_entries() -> None:
    def ids(*viewers: str) -> set[str]:
        return set(of_type(resources_of(made(viewers=viewers)), "AWS::EKS::AccessEntry"))

    assert ids(f"{VIEWER}-first", VIEWER) > ids(VIEWER)


@pytest.mark.parametrize("among", [{}, {"a,b": "db-1"}, {"a:b": "db-1"}])
def test_invalid_dashboard_choice_is_rejected(among: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"names\.databases: .* cannot be chosen"):
        made(names={**NAMES, "databases": among})


def test_chart_schema_requires_every_choice() -> None:
    values = values_of(made(), "rules-and-dashboards")
    del values["names"]["webAcl"]
    with pytest.raises(ValueError, match="webAcl"):
        render(CHART, "rules-and-dashboards", "monitoring", values)
