import json
from typing import Any

import pytest
from aws_cdk import aws_ecs as ecs

from spotmusic_constructs.services.weekly_restart import WeeklyRestart
from tests.conftest import new_stack
from tests.templates import Resources, all_of, resources_of

CLUSTER = "arn:aws:ecs:sa-east-1:111122223333:cluster/services"
ARNS = {name: f"arn:aws:ecs:sa-east-1:111122223333:service/services/{name}" for name in ("playback", "trends")}


def made(**arguments: Any) -> Resources:
    stack = new_stack()
    cluster = ecs.Cluster.from_cluster_arn(stack, "Cluster", CLUSTER)
    services = {name: ecs.FargateService.from_fargate_service_arn(stack, name, arn) for name, arn in ARNS.items()}
    WeeklyRestart(stack, "WeeklyRestart", cluster=cluster, services=services, **arguments)
    return resources_of(stack)


@pytest.fixture(scope="module")
def resources() -> Resources:
    return made()


def test_weekly_restart_redeploys_every_service(resources: Resources) -> None:
    targets = [schedule["Target"] for schedule in all_of(resources, "AWS::Scheduler::Schedule")]
    assert {target["Arn"] for target in targets} == {"arn:aws:scheduler:::aws-sdk:ecs:updateService"}
    assert [json.loads(target["Input"]) for target in targets] == [
        {"Cluster": CLUSTER, "Service": name, "ForceNewDeployment": True} for name in ARNS
    ]


def test_weekly_restart_has_flexible_window(resources: Resources) -> None:
    for schedule in all_of(resources, "AWS::Scheduler::Schedule"):
        assert schedule["ScheduleExpression"] == "cron(0 13 ? * TUE *)"
        assert schedule["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 240}


def test_weekly_restart_retries_for_one_day(resources: Resources) -> None:
    for schedule in all_of(resources, "AWS::Scheduler::Schedule"):
        assert schedule["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] == 86400


def test_restart_role_has_least_rights(resources: Resources) -> None:
    (policy,) = all_of(resources, "AWS::IAM::ManagedPolicy")
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("ecs:UpdateService", list(ARNS.values()))


def test_restart_role_trusts_own_schedule_group(resources: Resources) -> None:
    (role,) = all_of(resources, "AWS::IAM::Role")
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "scheduler.amazonaws.com"}
    condition = statement["Condition"]["StringEquals"]
    assert condition["aws:SourceAccount"] == "111122223333"
    assert condition["aws:SourceArn"]["Fn::GetAtt"][1] == "Arn"


def test_weekly_restart_time_is_configurable() -> None:
    (schedule, *_) = all_of(made(at="rate(7 days)", window_minutes=60), "AWS::Scheduler::Schedule")
    assert (schedule["ScheduleExpression"], schedule["FlexibleTimeWindow"]["MaximumWindowInMinutes"]) == ("rate(7 days)", 60)
