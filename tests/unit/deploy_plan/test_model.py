"""Modelled times of small deployments."""

from typing import Any

import pytest

from tests.conftest import sample_of
from tools.deploy_plan.__main__ import UNLIMITED, report
from tools.deploy_plan.model import Deployment, NeverReadyError
from tools.model.assembly import Assembly

NAT, DATABASE, CLUSTER, RELEASE = (
    "AWS::EC2::NatGateway",
    "AWS::RDS::DBInstance",
    "AWS::EKS::Cluster",
    "Custom::AWSCDK-EKS-HelmChart",
)
NAT_MINUTES, DATABASE_MINUTES, CLUSTER_MINUTES, RELEASE_MINUTES, STACK_MINUTES = (
    1.8,
    8,
    10.3,
    1.5,
    0.5,
)


def resource(type_: str, *needs: str, **properties: Any) -> dict[str, Any]:
    return {
        "Type": type_,
        "Properties": properties,
        **({"DependsOn": list(needs)} if needs else {}),
    }


def deployment(
    stacks: dict[str, dict[str, Any]], dependencies: dict[str, set[str]] | None = None
) -> Deployment:
    templates = {stack: {"Resources": resources} for stack, resources in stacks.items()}
    return Deployment(
        Assembly(name="dev", settings=sample_of("dev"), templates=templates),
        dependencies or {stack: set() for stack in stacks},
    )


TWO = {
    "network": {"Nat": resource(NAT)},
    "data": {"Database": resource(DATABASE)},
    "eks-platform": {"Cluster": resource(CLUSTER)},
}
BEHIND_NETWORK: dict[str, set[str]] = {
    "network": set(),
    "data": {"network"},
    "eks-platform": {"network"},
}


def test_resources_wait_for_their_references() -> None:
    references = (
        {"Ref": "Nat"},
        {"Fn::GetAtt": ["Nat", "Id"]},
        {"Fn::Sub": "id/${Nat}"},
        {"Fn::Join": ["", ["x", {"Ref": "Nat"}]]},
    )
    for reference in references:
        plan = deployment(
            {"network": {"Nat": resource(NAT), "Database": resource(DATABASE, Name=reference)}}
        )
        assert plan.timeline(1).minutes == pytest.approx(
            STACK_MINUTES + NAT_MINUTES + DATABASE_MINUTES
        )


def test_independent_resources_are_created_in_parallel() -> None:
    plan = deployment({"network": {"Nat": resource(NAT), "Database": resource(DATABASE)}})
    assert plan.timeline(1).minutes == pytest.approx(STACK_MINUTES + DATABASE_MINUTES)


def test_stacks_wait_for_whole_dependencies() -> None:
    plan = deployment(TWO, BEHIND_NETWORK)
    timeline = plan.timeline(UNLIMITED)
    assert timeline.minutes == pytest.approx(
        STACK_MINUTES + NAT_MINUTES + STACK_MINUTES + CLUSTER_MINUTES
    )
    assert timeline.stacks == ["network", "eks-platform"]


def test_imported_exports_are_dependencies() -> None:
    stacks = {
        "network": {"Nat": resource(NAT)},
        "data": {"Database": resource(DATABASE, Name={"Fn::ImportValue": "nat"})},
    }
    templates: dict[str, Any] = {
        stack: {"Resources": resources} for stack, resources in stacks.items()
    }
    templates["network"]["Outputs"] = {"Nat": {"Value": {"Ref": "Nat"}, "Export": {"Name": "nat"}}}
    plan = Deployment(
        Assembly(name="dev", settings=sample_of("dev"), templates=templates),
        {"network": set(), "data": set()},
    )
    assert plan.timeline(UNLIMITED).stacks == ["network", "data"]


def test_concurrency_limits_stacks_at_a_time() -> None:
    plan = deployment(TWO, BEHIND_NETWORK)
    assert plan.timeline(1).minutes == pytest.approx(
        3 * STACK_MINUTES + NAT_MINUTES + DATABASE_MINUTES + CLUSTER_MINUTES
    )
    assert plan.timeline(2).minutes == plan.timeline(UNLIMITED).minutes


def test_releases_in_a_row_are_counted() -> None:
    releases = {
        "One": resource(RELEASE),
        "Beside": resource(RELEASE),
        "Two": resource(RELEASE, "One", "Beside"),
        "Nat": resource(NAT, "Two"),
    }
    plan = deployment({"eks-platform": {**releases, "Three": resource(RELEASE, "Nat")}})
    assert [len(plan.releases_in_a_row), plan.releases_in_a_row[-2:]] == [3, ["Two", "Three"]]


def published(first: str) -> Deployment:
    """Deployment with a wait for a value of `data` after the cluster, behind a stack of either
    name.
    """
    value = resource("AWS::SSM::Parameter", "Database", Name="/dev/data/Host")
    reader = resource("Custom::DeployedValues", "Cluster", Path="/dev/data", Names=["Host"])
    stacks = {
        "data": {"Database": resource(DATABASE), "Value": value},
        "eks-platform": {"Cluster": resource(CLUSTER), "Values": reader},
    }
    return deployment(
        {**stacks, "network": {"Nat": resource(NAT)}},
        {"network": set(), "data": set(), "eks-platform": set(), first: {"network"}},
    )


def test_awaited_values_delay_only_their_reader() -> None:
    timeline = published("eks-platform").timeline(UNLIMITED)
    assert timeline.ends["eks-platform"] - timeline.starts["eks-platform"] == pytest.approx(
        STACK_MINUTES + CLUSTER_MINUTES, abs=0.3
    )


def test_value_of_later_stack_never_arrives() -> None:
    with pytest.raises(
        NeverReadyError, match="eks-platform: waits for values of network, data, which cannot start"
    ):
        published("data").timeline(1)


def test_report_names_the_critical_path() -> None:
    text = report(deployment(TWO, BEHIND_NETWORK), concurrency=UNLIMITED)
    assert "13.1 minutes, stacks in parallel: network > eks-platform" in text
    assert "+10.3  Cluster" in text
