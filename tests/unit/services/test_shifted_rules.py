"""Listener rules with weights that ECS shifts; environment changes do not update them."""

from pathlib import Path
from typing import Any

import pytest

from spotmusic_cdk.settings.services import ServiceSettings
from spotmusic_constructs.services.ingress import UNTAGGED
from tests.model.values import Json
from tests.unit.services.test_ecs_services_stack import synthesize, with_services

RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"


def rules(outdir: Path, service: Json | None = None, **changes: Any) -> dict[str, Json]:
    """Listener rules of an environment with one blue/green service."""
    described = {"route": "/v1/catalogue", "deployment": "blue_green", **(service or {})}
    settings = with_services({"web-api": ServiceSettings.model_validate(described)}).model_copy(update=changes)
    resources = synthesize(settings, outdir)["Resources"]
    return {id_: resource for id_, resource in resources.items() if resource["Type"] == RULE}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Json]:
    return rules(tmp_path_factory.mktemp("before"))


HARMLESS: dict[str, tuple[Json, Json]] = {
    "owner and cost center": ({}, {"owner": "streaming-team", "cost_center": "radio"}),
    "image": ({"image_tag": "2.0.0"}, {}),
    "size and health check": ({"cpu": 512, "memory": 1024, "health_path": "/ready"}, {}),
}


@pytest.mark.parametrize("case", HARMLESS)
def test_shifted_rule_ignores_harmless_changes(before: dict[str, Json], tmp_path: Path, case: str) -> None:
    service, changes = HARMLESS[case]
    assert rules(tmp_path, service, **changes) == before


def test_new_route_creates_new_rule(before: dict[str, Json], tmp_path: Path) -> None:
    after = rules(tmp_path, {"route": "/v2/catalogue"})
    assert len(before) == len(after) == 1
    assert before.keys().isdisjoint(after)
    (old,), (new,) = before.values(), after.values()
    assert old["Properties"]["Priority"] != new["Properties"]["Priority"]


def test_rolling_service_keeps_first_target_group(before: dict[str, Json], tmp_path: Path) -> None:
    """Blue/green starts with weight 100 for the first group, so the running tasks must be in it."""
    ((id_, rolling),) = rules(tmp_path, {"deployment": "rolling"}).items()
    (action,) = rolling["Properties"]["Actions"]
    (shifted,) = before[id_]["Properties"]["Actions"]
    assert action["TargetGroupArn"] == shifted["ForwardConfig"]["TargetGroups"][0]["TargetGroupArn"]


def test_shifted_rule_has_no_tags(before: dict[str, Json]) -> None:
    (rule,) = before.values()
    assert rule["Properties"].keys() == {"Actions", "Conditions", "ListenerArn", "Priority"}
    assert RULE in UNTAGGED
