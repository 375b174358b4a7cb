import json
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns

from spotmusic_constructs.kubernetes.images import Image
from spotmusic_constructs.observability.alarm import Audience
from spotmusic_constructs.observability.alertmanager import alertmanager_values
from spotmusic_constructs.observability.heartbeat import PERIOD_SECONDS
from tests.charts.monitoring.catalogue import rules
from tests.charts.monitoring.promtool import run
from tests.conftest import new_stack
from tests.model.values import Json

TOPIC = "arn:aws:sns:sa-east-1:111122223333:alarms"
PAGER = "arn:aws:sns:sa-east-1:111122223333:pager"
HEARTBEAT = "arn:aws:sns:sa-east-1:111122223333:heartbeat"
COMPONENTS = {rule["labels"]["component"] for content in rules().values() for rule in content if "alert" in rule}


def audience_in(stack: cdk.Stack) -> Audience:
    """Recipients of alerts."""
    topic, pager = (sns.Topic.from_topic_arn(stack, id_, arn) for id_, arn in (("Topic", TOPIC), ("Pager", PAGER)))
    return Audience(topic=topic, pager=pager, environment="prod")


@pytest.fixture(scope="module")
def config() -> Json:
    image = Image(registry="registry.example", repository="alertmanager", tag="v1")
    values: Json = json.loads(
        json.dumps(
            alertmanager_values(
                image=image, audience=audience_in(new_stack()), heartbeat_arn=HEARTBEAT, region="sa-east-1", storage_class="gp3", zones=3
            )
        )
    )
    found: Json = values["config"]
    return found


@pytest.fixture
def file(config: Json, tmp_path: Path) -> Path:
    path = tmp_path / "alertmanager.yml"
    path.write_text(json.dumps(config))
    return path


def test_alertmanager_accepts_configuration(file: Path) -> None:
    run("amtool", "check-config", file)


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (["severity=critical", "alertname=RedpandaLeaderless"], "critical"),
        (["severity=warning", "alertname=RedpandaDisk"], "warning"),
        (["severity=info", "alertname=ServiceWithoutImage"], "nobody"),
        (["severity=none", "alertname=Watchdog"], "heartbeat"),
        (["alertname=OfSomebodyElse"], "warning"),
    ],
)
def test_alerts_are_routed_by_severity(file: Path, labels: list[str], receiver: str) -> None:
    assert run("amtool", "config", "routes", "test", f"--config.file={file}", *labels).strip() == receiver


def test_alertmanager_signs_notifications(config: Json) -> None:
    configs = {receiver["name"]: receiver.get("sns_configs", []) for receiver in config["receivers"]}
    for severity in ("critical", "warning"):
        assert [sent["topic_arn"] for sent in configs[severity]] == [TOPIC, PAGER][: 2 if severity == "critical" else 1]
        for sent in configs[severity]:
            assert (sent["sigv4"], sent["send_resolved"]) == ({"region": "sa-east-1"}, True)
            assert sent["attributes"] == {"severity": severity}
    assert configs["nobody"] == []


def seconds(interval: str) -> int:
    return int(interval[:-1]) * {"s": 1, "m": 60}[interval[-1]]


def test_watchdog_repeats_every_period(config: Json) -> None:
    (heartbeat,) = next(receiver for receiver in config["receivers"] if receiver["name"] == "heartbeat")["sns_configs"]
    assert (heartbeat["topic_arn"], heartbeat["sigv4"], heartbeat["send_resolved"]) == (HEARTBEAT, {"region": "sa-east-1"}, False)
    route = config["route"]["routes"][0]
    assert route["receiver"] == "heartbeat"
    assert seconds(route["group_interval"]) + seconds(route["repeat_interval"]) <= PERIOD_SECONDS


def test_critical_alerts_repeat_sooner(config: Json) -> None:
    critical = next(route for route in config["route"]["routes"] if route["receiver"] == "critical")
    assert (critical["group_wait"], critical["repeat_interval"]) == ("10s", "1h")
    assert (config["route"]["group_wait"], config["route"]["repeat_interval"]) == ("2m", "12h")


def test_critical_alert_inhibits_its_warning(config: Json) -> None:
    same = config["inhibit_rules"][0]
    assert (same["source_matchers"], same["target_matchers"]) == (['severity = "critical"'], ['severity = "warning"'])
    assert {"alertname", "slo", "pod", "exported_namespace", "name", "persistentvolumeclaim"} <= set(same["equal"])


def test_lost_quorum_inhibits_component_warnings(config: Json) -> None:
    cause = config["inhibit_rules"][1]
    named = cause["source_matchers"][1].split('"')[1].split("|")
    assert set(named) <= COMPONENTS, "these components have no alert"
    assert "kubernetes" not in named, "one broken workload must not hide another"
    assert cause["equal"] == ["component"]
