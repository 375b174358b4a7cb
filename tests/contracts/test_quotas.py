"""Quotas in docs/deployment.md, compared with production's templates."""

import re
from collections import Counter
from collections.abc import Callable
from math import ceil

import pytest

from tests.charts.quantities import most_pods, requested
from tests.templates import all_of
from tools.checkout import ROOT, settings_of
from tools.model.cluster import RenderedCluster
from tools.model.templates import Template
from tools.preflight.quotas import needed_log_policies, needs

Templates = Callable[[str], dict[str, Template]]
DOCUMENT = (ROOT / "docs" / "deployment.md").read_text()
DOCUMENTED = {
    code: (int(first), int(most))
    for code, first, most in re.findall(
        r"^\|[^|]+\| `[a-z0-9]+` `(L-\w+)` \| (\d+) \| (\d+) \|", DOCUMENT, flags=re.MULTILINE
    )
}
"""Minimum for the first deployment, and maximum of this environment, by the code of the quota."""


def vcpus(services: Template) -> tuple[float, float]:
    """Minimum and maximum vCPUs of all tasks, without deployments."""
    least = most = 0.0
    for target in all_of(services["Resources"], "AWS::ApplicationAutoScaling::ScalableTarget"):
        service = services["Resources"][target["ResourceId"]["Fn::Join"][1][-1]["Fn::GetAtt"][0]][
            "Properties"
        ]
        assert service["DeploymentConfiguration"]["MaximumPercent"] == 200
        cores = (
            int(services["Resources"][service["TaskDefinition"]["Ref"]]["Properties"]["Cpu"]) / 1024
        )
        least, most = least + target["MinCapacity"] * cores, most + target["MaxCapacity"] * cores
    return least, most


@pytest.mark.usefixtures("shipped_production")
def test_fargate_quota_fits_two_versions(templates: Templates) -> None:
    least, most = vcpus(templates("prod")["ecs-services"])
    assert DOCUMENTED["L-3032A538"] == (ceil(2 * least), ceil(2 * most))
    assert f"{least:g} at the minimum, {most:g} at `scaling.max`" in DOCUMENT


@pytest.mark.usefixtures("shipped_production")
def test_pods_fit_on_ec2(deployed: Callable[[str], RenderedCluster]) -> None:
    kong = settings_of("prod").kubernetes.kong
    ordinary, gateway = 0.0, 0.0
    for namespace, pod, count in most_pods(deployed("prod")):
        cores = requested(pod, "cpu", "50m")
        if namespace == "kong":
            assert count == kong.max_replicas
            gateway += cores
        else:
            ordinary += count * cores
    assert DOCUMENTED["L-1216C47A"] == (
        ceil(ordinary + kong.min_replicas * gateway),
        ceil(ordinary + kong.max_replicas * gateway),
    )


@pytest.mark.usefixtures("shipped_production")
def test_addresses_and_endpoints_are_counted(templates: Templates) -> None:
    network = templates("prod")["network"]
    kinds = Counter(
        endpoint["VpcEndpointType"]
        for endpoint in all_of(network["Resources"], "AWS::EC2::VPCEndpoint")
    )
    addresses = len(all_of(network["Resources"], "AWS::EC2::EIP"))
    assert DOCUMENTED["L-0263D0A3"] == (addresses, addresses)
    assert DOCUMENTED["L-29B6F2EB"] == (kinds["Interface"], kinds["Interface"])


@pytest.mark.usefixtures("shipped_production")
def test_fullest_security_group_is_documented(templates: Templates) -> None:
    network, rules = templates("prod")["network"], Counter[str]()
    for direction in ("Ingress", "Egress"):
        for group in all_of(network["Resources"], f"AWS::EC2::SecurityGroup{direction}"):
            rules[f"{direction} {group['GroupId']}"] += 1
        for id_, resource in network["Resources"].items():
            if resource["Type"] == "AWS::EC2::SecurityGroup":
                rules[f"{direction} {{'Fn::GetAtt': ['{id_}', 'GroupId']}}"] += len(
                    resource["Properties"].get(f"SecurityGroup{direction}", ())
                )
    fullest = max(rules.values())
    assert DOCUMENTED["L-0EA8095F"] == (fullest, fullest)


@pytest.mark.usefixtures("shipped_production")
def test_preflight_checks_documented_quotas() -> None:
    assert {need.code: need.least for need in needs(settings_of("prod"))} == {
        code: most for code, (_, most) in DOCUMENTED.items()
    }


def test_preflight_counts_log_policies(templates: Templates) -> None:
    for environment in ("dev", "prod"):
        home = [template for stack, template in templates(environment).items() if stack != "edge"]
        found = [all_of(one["Resources"], "AWS::Logs::ResourcePolicy") for one in home]
        assert needed_log_policies(settings_of(environment)) == sum(map(len, found))
