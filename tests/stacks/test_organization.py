"""Tags of an organization on every resource, and its permissions boundary on every role."""

import json
from pathlib import Path

import pytest

from spotmusic_constructs.tagging import UNTAGGED
from tests.templates import all_of, only
from tools.documents.grants import every_option
from tools.model.cluster import read
from tools.model.templates import Template, of_type, templates_in

SETTINGS = every_option()
TAGS = SETTINGS.tags


@pytest.fixture(scope="module")
def templates(with_every_option: Path) -> dict[str, Template]:
    return templates_in(with_every_option)


def test_roles_have_boundary(templates: dict[str, Template]) -> None:
    """tests/stacks/test_changed_settings.py has one by name."""
    roles = [role for _, _, role in of_type(templates, "AWS::IAM::Role")]
    assert len(roles) > 30
    boundary = SETTINGS.permissions_boundary
    assert {role.get("PermissionsBoundary") for role in roles} == {boundary}
    assert boundary
    assert boundary.startswith("arn:")


def test_extra_tags_extend_ours(templates: dict[str, Template]) -> None:
    wanted = {("CostCenter", SETTINGS.cost_center), *TAGS.items()}
    assert len(TAGS) > 2
    for template in templates.values():
        for id_, resource in template["Resources"].items():
            tags = resource["Properties"].get("Tags")
            if isinstance(tags, list) and tags and resource["Type"] not in UNTAGGED:
                assert wanted <= {
                    (tag["Key"], json.dumps(tag["Value"]).strip('"')) for tag in tags
                }, id_


def test_eks_may_give_extra_tags(templates: dict[str, Template]) -> None:
    managed = all_of(templates["eks-platform"]["Resources"], "AWS::IAM::ManagedPolicy")
    policies = [text for text in map(json.dumps, managed) if "aws:TagKeys" in text]
    assert all(key in policy for policy in policies for key in TAGS)
    assert policies


def test_charts_take_extra_tags(with_every_option: Path, templates: dict[str, Template]) -> None:
    """Helm validates values against the schemas of own charts and would reject an unknown tag."""
    manifests = read("prod", templates, with_every_option).manifests["ground"]
    (nodes, *_) = (
        manifest["spec"]["tags"] for manifest in manifests if manifest["kind"] == "NodeClass"
    )
    (volumes,) = (
        manifest["parameters"] for manifest in manifests if manifest["kind"] == "StorageClass"
    )
    assert nodes.items() >= TAGS.items()
    assert {f"{key}={value}" for key, value in TAGS.items()} <= set(volumes.values())


def test_endpoints_subscribe_to_all_topics(templates: dict[str, Template]) -> None:
    (endpoint,) = SETTINGS.observability.alarm_endpoints
    subscribed = [
        stack
        for stack, _, subscription in of_type(templates, "AWS::SNS::Subscription")
        if subscription["Endpoint"] == endpoint
    ]
    assert sorted(subscribed) == ["data", "edge", "observability"]


def test_slack_channel_shows_alarms_of_both_regions(templates: dict[str, Template]) -> None:
    resources = templates["observability"]["Resources"]
    channel = only(resources, "AWS::Chatbot::SlackChannelConfiguration")
    assert (channel["SlackWorkspaceId"], channel["SlackChannelId"]) == ("T0123ABCD", "C0123ABCD")
    home, edge = channel["SnsTopicArns"]
    assert resources[home["Ref"]]["Type"] == "AWS::SNS::Topic"
    assert "spotmusic-prod-edge" in json.dumps(edge)
