import aws_cdk as cdk
import pytest

from spotmusic_constructs.services.access import user_access
from spotmusic_constructs.services.scaling import Scaling
from tests.metric_math import value_of
from tests.model.values import Json
from tests.templates import all_of, only
from tests.unit.services.service_fixture import ServiceFixture

SERVICE = "AWS::ECS::Service"
TASK = "AWS::ECS::TaskDefinition"
TARGETS = "AWS::ElasticLoadBalancingV2::TargetGroup"


@pytest.fixture(scope="module")
def worker() -> Json:
    fixture = ServiceFixture()
    fixture.service(port=None)
    return fixture.template()


@pytest.fixture(scope="module")
def rolling() -> Json:
    fixture = ServiceFixture()
    fixture.service(
        route=fixture.route(), access=user_access("CATALOGUE", fixture.secret("catalogue")), scaling=Scaling(minimum=3, maximum=9)
    )
    return fixture.template()


@pytest.fixture(scope="module")
def blue_green() -> Json:
    fixture = ServiceFixture()
    fixture.service(
        route=fixture.route(),
        deployment="blue_green",
        bake_time=cdk.Duration.minutes(15),
        infrastructure_role=fixture.role(),
        scaling=Scaling(minimum=3, maximum=9, requests_per_target=900),
    )
    return fixture.template()


def container(template: Json) -> Json:
    (found,) = only(template["Resources"], TASK)["ContainerDefinitions"]
    return dict(found)


def test_container_is_unprivileged(worker: Json) -> None:
    properties = container(worker)
    assert properties["ReadonlyRootFilesystem"] is True
    assert properties["User"] == "10001:10001"
    assert properties["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert not properties.get("Privileged")
    assert "PidMode" not in only(worker["Resources"], TASK)


def test_container_writes_to_tmpfs_only(worker: Json) -> None:
    (tmpfs,) = container(worker)["LinuxParameters"]["Tmpfs"]
    assert tmpfs == {"ContainerPath": "/tmp", "Size": 64, "MountOptions": ["rw", "nosuid", "nodev", "noexec"]}  # noqa: S108


def test_container_log_is_non_blocking(worker: Json) -> None:
    assert container(worker)["LogConfiguration"]["Options"]["mode"] == "non-blocking"


def test_service_log_is_encrypted_and_retained(worker: Json) -> None:
    (group,) = (group for group in all_of(worker["Resources"], "AWS::Logs::LogGroup") if "LogGroupName" not in group)
    assert group["RetentionInDays"] == 365
    assert ":key/" in group["KmsKeyId"]


def test_worker_has_no_endpoints(worker: Json) -> None:
    assert "PortMappings" not in container(worker)
    assert not all_of(worker["Resources"], "AWS::ServiceDiscovery::Service")
    assert not all_of(worker["Resources"], TARGETS)


def test_worker_can_call_services(worker: Json) -> None:
    connect = only(worker["Resources"], SERVICE)["ServiceConnectConfiguration"]
    assert connect["Enabled"] is True
    assert "Services" not in connect


def test_task_reserves_memory_for_proxy(worker: Json) -> None:
    assert int(only(worker["Resources"], TASK)["Memory"]) - container(worker)["Memory"] >= 64


def test_rolling_deployment_keeps_tasks_and_rolls_back(rolling: Json) -> None:
    deployment = only(rolling["Resources"], SERVICE)["DeploymentConfiguration"]
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"], deployment["Strategy"]) == (100, 200, "ROLLING")


def test_tasks_use_private_subnets_and_rebalance(rolling: Json) -> None:
    service = only(rolling["Resources"], SERVICE)
    network = service["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network == {"AssignPublicIp": "DISABLED", "SecurityGroups": ["sg-0"], "Subnets": ["subnet-a", "subnet-b", "subnet-c"]}
    assert service["AvailabilityZoneRebalancing"] == "ENABLED"


def test_template_omits_desired_count(rolling: Json) -> None:
    assert "DesiredCount" not in only(rolling["Resources"], SERVICE)
    target = only(rolling["Resources"], "AWS::ApplicationAutoScaling::ScalableTarget")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (3, 9)


def test_update_keeps_revision_for_rollback(rolling: Json) -> None:
    assert [one["UpdateReplacePolicy"] for one in rolling["Resources"].values() if one["Type"] == TASK] == ["Retain"]


def test_service_disables_execute_command(rolling: Json) -> None:
    assert only(rolling["Resources"], SERVICE)["EnableExecuteCommand"] is False


def test_tasks_use_latest_platform_and_arm(rolling: Json) -> None:
    assert only(rolling["Resources"], SERVICE)["PlatformVersion"] == "LATEST"
    assert only(rolling["Resources"], TASK)["RuntimePlatform"] == {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}


def test_container_secrets_are_references(rolling: Json) -> None:
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


def test_request_timeout_precedes_deregistration_and_stop(rolling: Json) -> None:
    attributes = {entry["Key"]: entry["Value"] for entry in only(rolling["Resources"], TARGETS)["TargetGroupAttributes"]}
    (endpoint,) = only(rolling["Resources"], SERVICE)["ServiceConnectConfiguration"]["Services"]
    delay = int(attributes["deregistration_delay.timeout_seconds"])
    assert endpoint["Timeout"]["PerRequestTimeoutSeconds"] <= delay <= container(rolling)["StopTimeout"] <= 120


def test_container_and_targets_have_health_checks(rolling: Json) -> None:
    assert container(rolling)["HealthCheck"]["Command"] == ["CMD", "healthcheck"]
    targets = only(rolling["Resources"], TARGETS)
    assert (targets["HealthCheckPath"], targets["Matcher"]) == ("/healthz", {"HttpCode": "200"})


def test_listener_rule_matches_path_and_children(rolling: Json) -> None:
    rule = only(rolling["Resources"], "AWS::ElasticLoadBalancingV2::ListenerRule")
    (condition,) = rule["Conditions"]
    assert condition["PathPatternConfig"]["Values"] == ["/v1/playback", "/v1/playback/*"]
    assert rule["Priority"] == 7


def test_service_has_dns_records_and_endpoint(rolling: Json) -> None:
    records = only(rolling["Resources"], "AWS::ServiceDiscovery::Service")
    assert records["Name"] == "playback"
    assert [record["Type"] for record in records["DnsConfig"]["DnsRecords"]] == ["A"]
    connect = only(rolling["Resources"], SERVICE)["ServiceConnectConfiguration"]
    (endpoint,) = connect["Services"]
    assert endpoint["ClientAliases"] == [{"DnsName": "playback", "Port": 8080}]
    assert endpoint["DiscoveryName"] != records["Name"]
    assert connect["AccessLogConfiguration"] == {"Format": "JSON", "IncludeQueryParameters": "DISABLED"}


def test_service_depends_on_listener_rule(rolling: Json) -> None:
    (service,) = (resource for resource in rolling["Resources"].values() if resource["Type"] == SERVICE)
    assert any("Rule" in name for name in service["DependsOn"])


def test_blue_green_has_alternate_group_and_alarm(blue_green: Json) -> None:
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


def test_blue_green_rule_starts_with_first_group(blue_green: Json) -> None:
    (action,) = only(blue_green["Resources"], "AWS::ElasticLoadBalancingV2::ListenerRule")["Actions"]
    assert [group["Weight"] for group in action["ForwardConfig"]["TargetGroups"]] == [100, 0]


def test_deployment_alarm_counts_both_target_groups(blue_green: Json) -> None:
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


def test_blue_green_scales_on_both_groups(blue_green: Json) -> None:
    requests = next(
        p for p in all_of(blue_green["Resources"], "AWS::ApplicationAutoScaling::ScalingPolicy") if p["PolicyName"] == "Requests"
    )
    configuration = requests["TargetTrackingScalingPolicyConfiguration"]
    metrics = {metric["Id"]: metric for metric in configuration["CustomizedMetricSpecification"]["Metrics"]}
    assert metrics["per_task"]["Expression"] == "(FILL(r0, 0) + FILL(r1, 0)) / tasks"
    assert metrics["tasks"]["MetricStat"]["Metric"]["MetricName"] == "RunningTaskCount"
    assert configuration["TargetValue"] == 900


def test_worker_ignores_blue_green() -> None:
    fixture = ServiceFixture()
    fixture.service(port=None, deployment="blue_green")
    assert only(fixture.template()["Resources"], SERVICE)["DeploymentConfiguration"]["Strategy"] == "ROLLING"


def test_route_requires_port() -> None:
    fixture = ServiceFixture()
    with pytest.raises(ValueError, match="requires a port"):
        fixture.service(port=None, route=fixture.route())


def test_blue_green_requires_role() -> None:
    fixture = ServiceFixture()
    with pytest.raises(ValueError, match="infrastructure_role"):
        fixture.service(route=fixture.route(), deployment="blue_green")
