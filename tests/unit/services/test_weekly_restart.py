import json
from typing import Any

import pytest
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Template

from spotmusic_constructs.services.weekly_restart import WeeklyRestart
from tests.conftest import new_stack

CLUSTER = "arn:aws:ecs:sa-east-1:111122223333:cluster/services"
ARNS = {name: f"arn:aws:ecs:sa-east-1:111122223333:service/services/{name}" for name in ("playback", "trends")}
Json = dict[str, Any]


def made(**arguments: Any) -> list[Json]:
    stack = new_stack()
    cluster = ecs.Cluster.from_cluster_arn(stack, "Cluster", CLUSTER)
    services = {name: ecs.FargateService.from_fargate_service_arn(stack, name, arn) for name, arn in ARNS.items()}
    WeeklyRestart(stack, "WeeklyRestart", cluster=cluster, services=services, **arguments)
    return list(Template.from_stack(stack).to_json()["Resources"].values())


@pytest.fixture(scope="module")
def resources() -> list[Json]:
    return made()


def of_type(resources: list[Json], type_: str) -> list[Json]:
    return [resource["Properties"] for resource in resources if resource["Type"] == type_]


def test_every_service_is_deployed_anew_as_it_is(resources: list[Json]) -> None:
    targets = [schedule["Target"] for schedule in of_type(resources, "AWS::Scheduler::Schedule")]
    assert {target["Arn"] for target in targets} == {"arn:aws:scheduler:::aws-sdk:ecs:updateService"}
    assert [json.loads(target["Input"]) for target in targets] == [
        {"Cluster": CLUSTER, "Service": arn, "ForceNewDeployment": True} for arn in ARNS.values()
    ]


def test_each_has_a_moment_of_its_own_within_four_hours_of_a_tuesday(resources: list[Json]) -> None:
    for schedule in of_type(resources, "AWS::Scheduler::Schedule"):
        assert schedule["ScheduleExpression"] == "cron(0 13 ? * TUE *)"
        assert schedule["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 240}


def test_what_fails_is_tried_again_for_a_day(resources: list[Json]) -> None:
    for schedule in of_type(resources, "AWS::Scheduler::Schedule"):
        assert schedule["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] == 86400


def test_the_role_may_deploy_these_services_and_do_nothing_else(resources: list[Json]) -> None:
    (policy,) = of_type(resources, "AWS::IAM::ManagedPolicy")
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("ecs:UpdateService", list(ARNS.values()))


def test_only_schedules_of_this_group_take_the_role(resources: list[Json]) -> None:
    (role,) = of_type(resources, "AWS::IAM::Role")
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "scheduler.amazonaws.com"}
    condition = statement["Condition"]["StringEquals"]
    assert condition["aws:SourceAccount"] == "111122223333"
    assert condition["aws:SourceArn"]["Fn::GetAtt"][1] == "Arn"


def test_another_time_can_be_asked_for() -> None:
    (schedule, *_) = of_type(made(at="rate(7 days)", window_minutes=60), "AWS::Scheduler::Schedule")
    assert (schedule["ScheduleExpression"], schedule["FlexibleTimeWindow"]["MaximumWindowInMinutes"]) == ("rate(7 days)", 60)
