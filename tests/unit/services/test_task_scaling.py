import pytest

from spotmusic_constructs.log_retention import retention_of
from spotmusic_constructs.services.scaling import Queue, Scaling
from tests.model.values import Json
from tests.templates import all_of
from tests.unit.services.service_fixture import ServiceFixture

QUEUE = Queue(namespace="Spotmusic/Queues", metric_name="ReadyMessages", dimensions={"Environment": "dev", "Queue": "playback"})


def policies(scaling: Scaling, *, routed: bool = False) -> dict[str, Json]:
    fixture = ServiceFixture()
    fixture.service(scaling=scaling, **({"route": fixture.route()} if routed else {"port": None}))
    found = all_of(fixture.template()["Resources"], "AWS::ApplicationAutoScaling::ScalingPolicy")
    return {policy["PolicyName"]: policy["TargetTrackingScalingPolicyConfiguration"] for policy in found}


@pytest.fixture(scope="module")
def worker() -> dict[str, Json]:
    return policies(Scaling(cpu_percent=55, messages_per_task=100, queue=QUEUE))


def test_cpu_is_always_tracked(worker: dict[str, Json]) -> None:
    assert worker["Cpu"]["TargetValue"] == 55
    assert worker["Cpu"]["PredefinedMetricSpecification"] == {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}


def test_scaling_adds_fast_and_removes_slowly(worker: dict[str, Json]) -> None:
    assert all(policy["ScaleOutCooldown"] < policy["ScaleInCooldown"] for policy in worker.values())


def test_message_scaling_divides_by_running_tasks(worker: dict[str, Json]) -> None:
    metrics = {metric["Id"]: metric for metric in worker["Messages"]["CustomizedMetricSpecification"]["Metrics"]}
    assert metrics["per_task"]["Expression"] == "(ready) / tasks"
    assert metrics["ready"]["MetricStat"]["Metric"]["Dimensions"] == [
        {"Name": "Environment", "Value": "dev"},
        {"Name": "Queue", "Value": "playback"},
    ]
    assert [id_ for id_, metric in metrics.items() if metric["ReturnData"]] == ["per_task"]


def test_rolling_service_scales_on_predefined_metric() -> None:
    requests = policies(Scaling(requests_per_target=800), routed=True)["Requests"]
    assert requests["PredefinedMetricSpecification"]["PredefinedMetricType"] == "ALBRequestCountPerTarget"
    assert requests["TargetValue"] == 800


def test_request_scaling_requires_route() -> None:
    with pytest.raises(ValueError, match="has no route"):
        policies(Scaling(requests_per_target=800))


def test_message_scaling_requires_queue() -> None:
    with pytest.raises(ValueError, match="has no queue"):
        policies(Scaling(messages_per_task=10))


@pytest.mark.parametrize(("days", "kept"), [(184, "ONE_YEAR"), (366, "THIRTEEN_MONTHS"), (3653, "TEN_YEARS")])
def test_retention_rounds_up(days: int, kept: str) -> None:
    assert retention_of(days).name == kept
