"""Releases with available charts are installed by the provider function; others are recorded."""

from pathlib import Path
from typing import Any

import pytest

from tools.local_aws.custom_resources import HELM_CHART
from tools.local_aws.kubernetes import release_handler as module
from tools.local_aws.kubernetes.charts import Charts
from tools.local_aws.kubernetes.release_handler import AlreadyReleasedError, release_handler
from tools.local_aws.provisioning import Handler, Made, Resource
from tools.local_aws.stub import Record, Register

OURS = {"Release": "ground", "Namespace": "kube-system", "ChartAssetURL": "s3://assets/ground.zip"}
OTHERS = {"Release": "kong", "Namespace": "kong", "Chart": "kong", "Version": "3.4.1", "Repository": "https://charts.konghq.com"}


class Connection:
    """Stub of the emulator's own API server, without charts of repositories, and its created
    definitions.
    """

    has_own_server = True

    def __init__(self) -> None:
        self.charts = Charts(folder=None, answers=lambda _repository: False)
        self.defined: list[str] = []
        self.definitions = self

    def api(self) -> Any:
        return None

    def define(self, _api: Any, chart: str) -> None:
        self.defined.append(chart)


class Scenario:
    """Calls of the handler."""

    def __init__(self) -> None:
        self.connection, self.register = Connection(), Register()
        self.executed: list[str] = []
        self.fails = False
        connection: Any = self.connection
        executed = Handler(create=self._run, update=self._update, delete=lambda _resource, identifier: self.executed.append(identifier))
        recorder = Handler(create=self._write, update=self._update, delete=self.register.remove)
        self.handler = release_handler(executed=executed, recorder=recorder, connection=connection, register=self.register)

    def _run(self, resource: Resource) -> Made:
        self.executed.append(str(resource.properties["Release"]))
        if self.fails:
            raise RuntimeError("Helm says no")
        return Made(identifier="physical")

    def _update(self, resource: Resource, identifier: str, _old: Any) -> Made:
        self.executed.append(f"update {resource.properties['Release']}")
        return Made(identifier=identifier)

    def _write(self, resource: Resource) -> Made:
        given: dict[str, Any] = {
            "type": resource.type,
            "region": resource.region,
            "stack": resource.stack,
            "logical_id": resource.logical_id,
        }
        self.register.add(Record(**given, identifier="paper", properties=resource.properties))
        return Made(identifier="paper")


def resource(properties: dict[str, Any]) -> Resource:
    return Resource(
        type=HELM_CHART,
        account="000000000000",
        region="sa-east-1",
        endpoint="http://127.0.0.1:1",
        stack="platform",
        logical_id="Release",
        properties=properties,
    )


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Scenario:
    monkeypatch.setattr(module, "is_released", lambda _api, *, name, namespace: (namespace, name) == ("kube-system", "taken"))
    return Scenario()


def test_a_chart_of_ours_is_released(world: Scenario) -> None:
    assert world.handler.create(resource(OURS)) == Made(identifier="physical")
    assert (world.executed, world.connection.defined, world.register.listing()) == (["ground"], [], [])


def test_unreachable_chart_is_recorded(world: Scenario) -> None:
    assert world.handler.create(resource(OTHERS)) == Made(identifier="paper")
    assert (world.executed, world.connection.defined) == ([], ["kong"])
    world.handler.delete(resource(OTHERS), "paper")
    assert world.register.listing() == []


def test_foreign_release_is_unchanged(world: Scenario) -> None:
    with pytest.raises(AlreadyReleasedError, match="helm uninstall taken --namespace kube-system"):
        world.handler.create(resource({**OURS, "Release": "taken"}))
    assert world.executed == []


def test_failed_release_can_be_retried(world: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    world.fails = True
    with pytest.raises(RuntimeError, match="Helm says no"):
        world.handler.create(resource(OURS))
    monkeypatch.setattr(module, "is_released", lambda _api, *, name, namespace: True)
    world.fails = False
    assert world.handler.create(resource(OURS)) == Made(identifier="physical")


def test_recorded_release_is_installed_later(world: Scenario, tmp_path: Path) -> None:
    world.handler.create(resource(OTHERS))
    (tmp_path / "kong-3.4.1.tgz").touch()
    world.connection.charts = Charts(folder=tmp_path, answers=lambda _repository: False)
    assert world.handler.update is not None
    assert world.handler.update(resource(OTHERS), "paper", OTHERS) == Made(identifier="physical")
    assert (world.executed, world.register.listing()) == (["kong"], [])
