"""Tags of an organization on every resource, and its permissions boundary on every role."""

import json
from pathlib import Path

import pytest

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.services.ingress import UNTAGGED
from tests.conftest import Template, sample_of, synthesize, templates_in
from tests.model.cluster import read

TAGS = {"DataOwner": "music-rights", "Sap Order": "100234", "a+b._:/@-": "c=d"}


def of_an_organization(**changes: object) -> Settings:
    """Development environment with tags and a cost center of a company."""
    document = sample_of("dev").model_dump(mode="json") | {"tags": TAGS, "cost_center": "KST-4711", **changes}
    document["observability"]["alarm_endpoints"] = ["https://oncall.example/sns"]
    document["observability"]["alarm_slack"] = {"workspace": "T0123ABCD", "channel": "C0123ABCD"}
    return Settings.model_validate_json(json.dumps(document))


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    outdir: Path = tmp_path_factory.mktemp("organization")
    synthesize(of_an_organization(permissions_boundary="company-boundary"), outdir=outdir, policies=False)
    return outdir / "assembly-dev"


@pytest.fixture(scope="module")
def templates(assembly: Path) -> dict[str, Template]:
    return templates_in(assembly)


def test_every_role_has_the_boundary(templates: dict[str, Template]) -> None:
    roles = [r["Properties"] for t in templates.values() for r in t["Resources"].values() if r["Type"] == "AWS::IAM::Role"]
    assert len(roles) > 30
    assert {json.dumps(role.get("PermissionsBoundary")).count("policy/company-boundary") for role in roles} == {1}


def test_extra_tags_extend_ours(templates: dict[str, Template]) -> None:
    wanted = {("CostCenter", "KST-4711"), *TAGS.items()}
    for template in templates.values():
        for id_, resource in template["Resources"].items():
            tags = resource["Properties"].get("Tags")
            if isinstance(tags, list) and tags and resource["Type"] not in UNTAGGED:
                assert wanted <= {(tag["Key"], json.dumps(tag["Value"]).strip('"')) for tag in tags}, id_


def test_eks_may_give_extra_tags(templates: dict[str, Template]) -> None:
    policies = [
        json.dumps(resource)
        for resource in templates["eks-platform"]["Resources"].values()
        if resource["Type"] == "AWS::IAM::ManagedPolicy" and "aws:TagKeys" in json.dumps(resource)
    ]
    assert all(key in policy for policy in policies for key in TAGS)
    assert policies


def test_charts_take_extra_tags(assembly: Path, templates: dict[str, Template]) -> None:
    """Helm validates values against the schemas of our charts and would reject an unknown tag."""
    manifests = read("dev", templates, assembly).manifests["ground"]
    (nodes, *_) = (manifest["spec"]["tags"] for manifest in manifests if manifest["kind"] == "NodeClass")
    (volumes,) = (manifest["parameters"] for manifest in manifests if manifest["kind"] == "StorageClass")
    assert nodes.items() >= TAGS.items()
    assert {f"{key}={value}" for key, value in TAGS.items()} <= set(volumes.values())


def test_endpoints_subscribe_to_all_topics(templates: dict[str, Template]) -> None:
    told = [
        stack
        for stack, template in templates.items()
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::SNS::Subscription" and resource["Properties"]["Protocol"] == "https"
    ]
    assert sorted(told) == ["data", "edge", "observability"]


def test_slack_channel_shows_alarms_of_both_regions(templates: dict[str, Template]) -> None:
    (channel,) = (
        resource["Properties"]
        for resource in templates["observability"]["Resources"].values()
        if resource["Type"] == "AWS::Chatbot::SlackChannelConfiguration"
    )
    assert (channel["SlackWorkspaceId"], channel["SlackChannelId"]) == ("T0123ABCD", "C0123ABCD")
    home, edge = channel["SnsTopicArns"]
    assert templates["observability"]["Resources"][home["Ref"]]["Type"] == "AWS::SNS::Topic"
    assert "spotmusic-dev-edge" in json.dumps(edge)


def test_boundary_may_be_an_arn(tmp_path: Path) -> None:
    arn = "arn:aws:iam::111122223333:policy/company/boundary"
    synthesize(of_an_organization(permissions_boundary=arn, services={}), outdir=tmp_path, policies=False)
    roles = [r for r in templates_in(tmp_path / "assembly-dev")["network"]["Resources"].values() if r["Type"] == "AWS::IAM::Role"]
    assert [role["Properties"]["PermissionsBoundary"] for role in roles] == [arn] * len(roles) != []
