"""Optional behaviour and errors of services; P-071 to P-086 cover deployed environments."""

import json
from typing import Any

import pytest
from aws_cdk import aws_logs as logs

from spotmusic_constructs.log_retention import days_of, retention_of
from spotmusic_constructs.services.access import Access, combine, user_access
from spotmusic_constructs.services.image import ServiceImage, bootstrap_image
from spotmusic_constructs.services.scaling import Scaling
from spotmusic_constructs.services.task_roles import TaskRoles
from spotmusic_constructs.services.tunnel import Tunnel
from spotmusic_constructs.services.weekly_restart import WeeklyRestart
from tests.metric_math import value_of
from tests.templates import all_of, of_type, only, whole
from tests.unit.services.service_fixture import ServiceFixture
from tools.model.values import ACCOUNT, Json

SERVICE = "AWS::ECS::Service"
TASK = "AWS::ECS::TaskDefinition"
RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"
NGINX = "nginx/nginx-unprivileged"
OTHER = ServiceImage(name="other:1", health_command=("CMD", "healthcheck"))


def resources(path: str = "/v1/playback", priority: int = 7, **options: Any) -> Json:
    """Resources of one routed service, blue/green by default."""
    fixture = ServiceFixture()
    fixture.service(
        **{
            "route": fixture.route(path, priority),
            "deployment": "blue_green",
            "infrastructure_role": fixture.role(),
            **options,
        }
    )
    return dict(fixture.template()["Resources"])


@pytest.fixture(scope="module")
def blue_green() -> Json:
    return resources()


def test_worker_has_no_endpoints() -> None:
    worker = resources(port=None, route=None)
    (container,) = only(worker, TASK)["ContainerDefinitions"]
    assert "PortMappings" not in container
    assert not {"AWS::ServiceDiscovery::Service", RULE} & {
        resource["Type"] for resource in worker.values()
    }
    assert only(worker, SERVICE)["DeploymentConfiguration"]["Strategy"] == "ROLLING"


def test_update_keeps_revision_for_rollback(blue_green: Json) -> None:
    assert whole(blue_green, TASK)["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize(
    ("counts", "percent"),
    [
        ({"r0": 100, "f0": 6}, 6),
        ({"r1": 100, "f1": 3, "c1": 3}, 6),
        ({"r0": 50, "r1": 50, "f1": 10}, 10),
        ({"c1": 50}, 100),
        ({"r0": 100}, 0),
        ({}, 0),
    ],
)
def test_deployment_alarm_counts_both_target_groups(
    blue_green: Json, counts: dict[str, float], percent: float
) -> None:
    alarm = only(blue_green, "AWS::CloudWatch::Alarm")
    (metric,) = (metric for metric in alarm["Metrics"] if metric.get("ReturnData"))
    assert value_of(metric["Expression"], counts) == pytest.approx(percent)
    assert alarm["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize(
    "change", [{"image": OTHER}, {"cpu": 512, "memory": 1024, "health_path": "/ready"}]
)
def test_shifted_rule_ignores_harmless_changes(blue_green: Json, change: Json) -> None:
    """ECS shifts the weights of the rule. An update by CloudFormation would reset them."""
    assert of_type(resources(**change), RULE) == of_type(blue_green, RULE)


@pytest.mark.parametrize("route", [("/v2/playback", 7), ("/v1/playback", 8)])
def test_new_route_creates_new_rule(blue_green: Json, route: tuple[str, int]) -> None:
    assert of_type(resources(*route), RULE).keys().isdisjoint(of_type(blue_green, RULE))


def test_rolling_service_keeps_first_target_group(blue_green: Json) -> None:
    """Blue/green starts with weight 100 for the first group, so the running tasks must be in it."""
    (rolling,), (shifted,) = (
        only(resources(deployment="rolling"), RULE)["Actions"],
        only(blue_green, RULE)["Actions"],
    )
    first, second = shifted["ForwardConfig"]["TargetGroups"]
    assert (first["Weight"], second["Weight"], first["TargetGroupArn"]) == (
        100,
        0,
        rolling["TargetGroupArn"],
    )


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"port": None}, "requires a port"),
        ({"infrastructure_role": None}, "infrastructure_role"),
        (
            {"port": None, "route": None, "scaling": Scaling(requests_per_target=800)},
            "has no route",
        ),
        ({"port": None, "route": None, "scaling": Scaling(messages_per_task=10)}, "has no queue"),
    ],
)
def test_service_rejects_incomplete_options(options: Json, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        resources(**options)


def pulls(image: str) -> list[Json]:
    """Statements about Amazon ECR in the execution role of a bootstrap image."""
    fixture = ServiceFixture()
    bootstrap = bootstrap_image(image, port=8080, health_path="/healthz")
    TaskRoles(
        fixture.stack,
        "Roles",
        access=Access(),
        image=bootstrap,
        log_group_arn="arn:aws:logs:sa-east-1:111122223333:log-group:a:*",
    )
    roles = all_of(fixture.template()["Resources"], "AWS::IAM::Role")
    policies = [policy for role in roles for policy in role.get("Policies", [])]
    return [
        s
        for policy in policies
        for s in policy["PolicyDocument"]["Statement"]
        if "ecr:BatchGetImage" in s["Action"]
    ]


def test_bootstrap_pull_can_fill_cache() -> None:
    (pull,) = pulls(f"{ACCOUNT}.dkr.ecr.sa-east-1.amazonaws.com/dev/ecr-public/{NGINX}:1")
    assert {"ecr:BatchImportUpstreamImage", "ecr:CreateRepository"} <= set(pull["Action"])
    assert f":repository/dev/ecr-public/{NGINX}" in json.dumps(pull["Resource"])


def test_upstream_image_needs_no_ecr_rights() -> None:
    assert pulls(f"public.ecr.aws/{NGINX}:1") == []


def test_combined_access_prefers_later_values() -> None:
    user = user_access("CACHE", ServiceFixture().secret("cache"))
    both = combine([user, user, Access(environment={"CACHE_USER_ARN": "other"})])
    assert (both.environment["CACHE_USER_ARN"], len(both.secret_arns)) == ("other", 1)


@pytest.mark.parametrize(
    ("days", "kept"), [(184, "ONE_YEAR"), (366, "THIRTEEN_MONTHS"), (3653, "TEN_YEARS")]
)
def test_retention_rounds_up(days: int, kept: str) -> None:
    assert retention_of(days).name == kept


def test_retentions_have_days() -> None:
    days = {retention.name: days_of(retention) for retention in logs.RetentionDays}
    assert (days.pop("INFINITE"), days["ONE_DAY"], days["TEN_YEARS"]) == (None, 1, 3653)
    assert None not in days.values()


def test_weekly_restart_time_is_configurable() -> None:
    fixture = ServiceFixture()
    WeeklyRestart(
        fixture.stack,
        "R",
        cluster=fixture.cluster(),
        service_names={"a": "a"},
        at="rate(7 days)",
        window_minutes=60,
    )
    schedule = only(fixture.template()["Resources"], "AWS::Scheduler::Schedule")
    assert (
        schedule["ScheduleExpression"],
        schedule["FlexibleTimeWindow"]["MaximumWindowInMinutes"],
    ) == ("rate(7 days)", 60)


def test_tunnel_rejects_more_than_eight_hours() -> None:
    fixture = ServiceFixture()
    arguments: Json = {
        "subnet_ids": ["subnet-1"],
        "security_group_id": "sg-people",
        "log_key": fixture.key,
        "hours": 24,
    }
    with pytest.raises(ValueError, match="hours: 24 is not between 1 and 8"):
        Tunnel(
            fixture.stack,
            "Tunnel",
            name="operators",
            cluster=fixture.cluster(),
            image=OTHER,
            **arguments,
        )
