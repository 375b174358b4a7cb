import aws_cdk as cdk
import pytest

from spotmusic_constructs.services.access import user_access
from spotmusic_constructs.services.scaling import Scaling
from tests.metric_math import value_of
from tests.model.values import Json
from tests.templates import all_of, only
from tests.unit.services.surroundings import Surroundings

SERVICE = "AWS::ECS::Service"
TASK = "AWS::ECS::TaskDefinition"
TARGETS = "AWS::ElasticLoadBalancingV2::TargetGroup"


@pytest.fixture(scope="module")
def worker() -> Json:
    here = Surroundings()
    here.service(port=None)
    return here.template()


@pytest.fixture(scope="module")
def rolling() -> Json:
    here = Surroundings()
    here.service(route=here.route(), access=user_access("CATALOGUE", here.secret("catalogue")), scaling=Scaling(minimum=3, maximum=9))
    return here.template()


@pytest.fixture(scope="module")
def blue_green() -> Json:
    here = Surroundings()
    here.service(
        route=here.route(),
        deployment="blue_green",
        bake_time=cdk.Duration.minutes(15),
        infrastructure_role=here.role(),
        scaling=Scaling(minimum=3, maximum=9, requests_per_target=900),
    )
    return here.template()


def container(template: Json) -> Json:
    (found,) = only(template["Resources"], TASK)["ContainerDefinitions"]
    return dict(found)


def test_a_container_may_do_nothing_to_its_host(worker: Json) -> None:
    properties = container(worker)
    assert properties["ReadonlyRootFilesystem"] is True
    assert properties["User"] == "10001:10001"
    assert properties["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert not properties.get("Privileged")
    assert "PidMode" not in only(worker["Resources"], TASK)


def test_only_a_small_tmp_in_memory_can_be_written_and_nothing_in_it_runs(worker: Json) -> None:
    (tmpfs,) = container(worker)["LinuxParameters"]["Tmpfs"]
    assert tmpfs == {"ContainerPath": "/tmp", "Size": 64, "MountOptions": ["rw", "nosuid", "nodev", "noexec"]}  # noqa: S108


def test_a_log_that_nobody_takes_does_not_stop_the_container(worker: Json) -> None:
    assert container(worker)["LogConfiguration"]["Options"]["mode"] == "non-blocking"


def test_the_log_is_encrypted_and_kept_for_half_a_year(worker: Json) -> None:
    (group,) = (group for group in all_of(worker["Resources"], "AWS::Logs::LogGroup") if "LogGroupName" not in group)
    assert group["RetentionInDays"] == 365
    assert ":key/" in group["KmsKeyId"]


def test_a_worker_is_not_found_by_name_and_no_load_balancer_knows_it(worker: Json) -> None:
    assert "PortMappings" not in container(worker)
    assert not all_of(worker["Resources"], "AWS::ServiceDiscovery::Service")
    assert not all_of(worker["Resources"], TARGETS)


def test_a_worker_can_call_other_services(worker: Json) -> None:
    connect = only(worker["Resources"], SERVICE)["ServiceConnectConfiguration"]
    assert connect["Enabled"] is True
    assert "Services" not in connect


def test_the_proxy_has_memory_left(worker: Json) -> None:
    assert int(only(worker["Resources"], TASK)["Memory"]) - container(worker)["Memory"] >= 64


def test_deployments_lose_no_task_and_take_themselves_back(rolling: Json) -> None:
    deployment = only(rolling["Resources"], SERVICE)["DeploymentConfiguration"]
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"], deployment["Strategy"]) == (100, 200, "ROLLING")


def test_tasks_stand_in_three_private_subnets_and_are_moved_when_zones_are_uneven(rolling: Json) -> None:
    service = only(rolling["Resources"], SERVICE)
    network = service["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network == {"AssignPublicIp": "DISABLED", "SecurityGroups": ["sg-0"], "Subnets": ["subnet-a", "subnet-b", "subnet-c"]}
    assert service["AvailabilityZoneRebalancing"] == "ENABLED"


def test_the_template_does_not_set_the_number_of_tasks_back(rolling: Json) -> None:
    assert "DesiredCount" not in only(rolling["Resources"], SERVICE)
    target = only(rolling["Resources"], "AWS::ApplicationAutoScaling::ScalableTarget")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (3, 9)


def test_update_keeps_revision_for_rollback(rolling: Json) -> None:
    assert [one["UpdateReplacePolicy"] for one in rolling["Resources"].values() if one["Type"] == TASK] == ["Retain"]


def test_nobody_opens_a_shell_in_a_task(rolling: Json) -> None:
    assert only(rolling["Resources"], SERVICE)["EnableExecuteCommand"] is False


def test_tasks_run_on_the_latest_platform_and_on_the_architecture_of_the_image(rolling: Json) -> None:
    assert only(rolling["Resources"], SERVICE)["PlatformVersion"] == "LATEST"
    assert only(rolling["Resources"], TASK)["RuntimePlatform"] == {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}


def test_secrets_are_references_and_the_environment_only_names_where_to_read_them_again(rolling: Json) -> None:
    properties = container(rolling)
    assert {secret["Name"]: secret["ValueFrom"].rsplit(":", 3)[1] for secret in properties["Secrets"]} == {
        "CATALOGUE_USERNAME": "username",
        "CATALOGUE_PASSWORD": "password",
    }
    environment = {entry["Name"]: entry["Value"] for entry in properties["Environment"]}
    assert environment == {
        "SERVICE": "playback",
        "PORT": "8080",
        "HEALTH_PATH": "/healthz",
        "CATALOGUE_USER_ARN": "arn:aws:secretsmanager:sa-east-1:111122223333:secret:catalogue-AbCdEf",
    }


def test_a_request_has_ended_before_its_target_goes_and_the_task_stops(rolling: Json) -> None:
    attributes = {entry["Key"]: entry["Value"] for entry in only(rolling["Resources"], TARGETS)["TargetGroupAttributes"]}
    (endpoint,) = only(rolling["Resources"], SERVICE)["ServiceConnectConfiguration"]["Services"]
    delay = int(attributes["deregistration_delay.timeout_seconds"])
    assert endpoint["Timeout"]["PerRequestTimeoutSeconds"] <= delay <= container(rolling)["StopTimeout"] <= 120


def test_health_is_asked_inside_the_container_and_from_the_load_balancer(rolling: Json) -> None:
    assert container(rolling)["HealthCheck"]["Command"] == ["CMD", "healthcheck"]
    targets = only(rolling["Resources"], TARGETS)
    assert (targets["HealthCheckPath"], targets["Matcher"]) == ("/healthz", {"HttpCode": "200"})


def test_a_path_and_all_below_it_lead_to_the_service(rolling: Json) -> None:
    rule = only(rolling["Resources"], "AWS::ElasticLoadBalancingV2::ListenerRule")
    (condition,) = rule["Conditions"]
    assert condition["PathPatternConfig"]["Values"] == ["/v1/playback", "/v1/playback/*"]
    assert rule["Priority"] == 7


def test_prometheus_finds_every_task_and_services_find_the_endpoint(rolling: Json) -> None:
    records = only(rolling["Resources"], "AWS::ServiceDiscovery::Service")
    assert records["Name"] == "playback"
    assert [record["Type"] for record in records["DnsConfig"]["DnsRecords"]] == ["A"]
    connect = only(rolling["Resources"], SERVICE)["ServiceConnectConfiguration"]
    (endpoint,) = connect["Services"]
    assert endpoint["ClientAliases"] == [{"DnsName": "playback", "Port": 8080}]
    assert endpoint["DiscoveryName"] != records["Name"]
    assert connect["AccessLogConfiguration"] == {"Format": "JSON", "IncludeQueryParameters": "DISABLED"}


def test_a_service_waits_for_the_rule_that_leads_to_it(rolling: Json) -> None:
    (service,) = (resource for resource in rolling["Resources"].values() if resource["Type"] == SERVICE)
    assert any("Rule" in name for name in service["DependsOn"])


def test_blue_green_shifts_a_rule_between_two_target_groups_and_watches_an_alarm(blue_green: Json) -> None:
    service = only(blue_green["Resources"], SERVICE)
    deployment = service["DeploymentConfiguration"]
    assert (deployment["Strategy"], deployment["BakeTimeInMinutes"]) == ("BLUE_GREEN", 15)
    assert deployment["Alarms"]["Enable"] is deployment["Alarms"]["Rollback"] is True
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    (balancer,) = service["LoadBalancers"]
    alternate = balancer["AdvancedConfiguration"]
    assert alternate["AlternateTargetGroupArn"] != balancer["TargetGroupArn"]
    assert alternate["RoleArn"].endswith("role/shifting")
    assert "Rule" in alternate["ProductionListenerRule"]["Ref"]


def test_all_requests_go_to_the_first_target_group_until_ecs_shifts_them(blue_green: Json) -> None:
    (action,) = only(blue_green["Resources"], "AWS::ElasticLoadBalancingV2::ListenerRule")["Actions"]
    assert [group["Weight"] for group in action["ForwardConfig"]["TargetGroups"]] == [100, 0]


def test_the_deployment_alarm_counts_both_target_groups(blue_green: Json) -> None:
    alarm = only(blue_green["Resources"], "AWS::CloudWatch::Alarm")
    (percent,) = (metric for metric in alarm["Metrics"] if metric.get("ReturnData"))
    for counts, expected in (
        ({"r0": 100, "f0": 6}, 6),
        ({"r1": 100, "f1": 3, "c1": 3}, 6),
        ({"r0": 50, "r1": 50, "f1": 10}, 10),
        ({"c1": 50}, 100),
        ({"r0": 100}, 0),
        ({}, 0),
    ):
        assert value_of(percent["Expression"], counts) == pytest.approx(expected)
    assert alarm["TreatMissingData"] == "notBreaching"


def test_blue_green_scales_on_the_requests_of_both_target_groups(blue_green: Json) -> None:
    requests = next(
        p for p in all_of(blue_green["Resources"], "AWS::ApplicationAutoScaling::ScalingPolicy") if p["PolicyName"] == "Requests"
    )
    configuration = requests["TargetTrackingScalingPolicyConfiguration"]
    metrics = {metric["Id"]: metric for metric in configuration["CustomizedMetricSpecification"]["Metrics"]}
    assert metrics["per_task"]["Expression"] == "(FILL(r0, 0) + FILL(r1, 0)) / tasks"
    assert metrics["tasks"]["MetricStat"]["Metric"]["MetricName"] == "RunningTaskCount"
    assert configuration["TargetValue"] == 900


def test_a_worker_that_wants_blue_green_rolls_because_there_is_nothing_to_shift() -> None:
    here = Surroundings()
    here.service(port=None, deployment="blue_green")
    assert only(here.template()["Resources"], SERVICE)["DeploymentConfiguration"]["Strategy"] == "ROLLING"


def test_a_route_without_a_port_is_refused() -> None:
    here = Surroundings()
    with pytest.raises(ValueError, match="without a port"):
        here.service(port=None, route=here.route())


def test_blue_green_without_a_role_is_refused() -> None:
    here = Surroundings()
    with pytest.raises(ValueError, match="infrastructure_role"):
        here.service(route=here.route(), deployment="blue_green")
