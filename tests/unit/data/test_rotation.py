"""Four steps of a rotation, against a store that is a list of accepted passwords."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tests.unit.data.fake_secrets import FakeSecrets

SECRET = "arn:aws:secretsmanager:sa-east-1:111122223333:secret:user-AbCdEf"
USER = {
    "username": "playback",
    "password": "first",
    "host": "db",
    "port": "3306",
    "dbname": "playback",
}


@pytest.fixture
def rotation(load_handler: Callable[[str, str], ModuleType]) -> ModuleType:
    return load_handler("credentials_handler", "rotation")


@pytest.fixture
def secrets() -> FakeSecrets:
    return FakeSecrets({SECRET: dict(USER)})


def event(step: str, version: str = "v2") -> dict[str, str]:
    return {"SecretId": SECRET, "ClientRequestToken": version, "Step": step}


def store(rotation: ModuleType, calls: list[tuple[str, ...]]) -> Any:
    return rotation.Store(
        accept=lambda current, pending: calls.append(
            ("accept", current["password"], pending["password"])
        ),
        prove=lambda pending: calls.append(("prove", pending["password"])),
    )


def test_rotation_promotes_pending_password(rotation: ModuleType, secrets: FakeSecrets) -> None:
    calls: list[tuple[str, ...]] = []
    secrets.begin(SECRET, "v2")
    for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
        rotation.rotate(event(step), secrets, store(rotation, calls))
    assert calls == [("accept", "first", "made-1"), ("prove", "made-1")]
    assert secrets.current(SECRET) == {**USER, "password": "made-1"}
    assert "AWSPREVIOUS" in secrets.stages[SECRET]["v1"]


def test_rotation_tests_secret_before_promotion(rotation: ModuleType, secrets: FakeSecrets) -> None:
    def refuse(_pending: dict[str, Any]) -> None:
        raise ConnectionError

    secrets.begin(SECRET, "v2")
    broken = rotation.Store(accept=lambda _current, _pending: None, prove=refuse)
    rotation.rotate(event("createSecret"), secrets, broken)
    with pytest.raises(ConnectionError):
        rotation.rotate(event("testSecret"), secrets, broken)
    assert secrets.current(SECRET)["password"] == "first"


def test_repeated_rotation_step_keeps_password(rotation: ModuleType, secrets: FakeSecrets) -> None:
    secrets.begin(SECRET, "v2")
    for _ in range(2):
        rotation.rotate(event("createSecret"), secrets, store(rotation, []))
    assert secrets.made == 1


def test_finished_rotation_is_ignored(rotation: ModuleType, secrets: FakeSecrets) -> None:
    calls: list[tuple[str, ...]] = []
    rotation.rotate(event("setSecret", version="v1"), secrets, store(rotation, calls))
    assert calls == []


@pytest.mark.parametrize("step", ["setSecret", "finishSecret"])
def test_rotation_rejects_version_without_pending(
    rotation: ModuleType, secrets: FakeSecrets, step: str
) -> None:
    secrets.stages[SECRET]["v2"] = []
    with pytest.raises(rotation.RotationError, match="not pending"):
        rotation.rotate(event(step), secrets, store(rotation, []))


def test_repeated_finish_moves_no_stage(
    rotation: ModuleType, secrets: FakeSecrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another invocation promotes the version between the two reads of its stages."""
    stages = iter([["AWSPENDING"], ["AWSPENDING", "AWSCURRENT"]])
    monkeypatch.setattr(
        secrets, "describe_secret", lambda **_: {"VersionIdsToStages": {"v2": next(stages)}}
    )
    monkeypatch.setattr(
        secrets,
        "update_secret_version_stage",
        lambda **move: pytest.fail(f"a stage is moved: {move}"),
    )
    rotation.rotate(event("finishSecret"), secrets, store(rotation, []))
    assert not list(stages)


def test_rotation_rejects_static_secret(rotation: ModuleType) -> None:
    with pytest.raises(rotation.RotationError, match="does not rotate"):
        rotation.rotate(
            event("createSecret"),
            FakeSecrets({SECRET: dict(USER)}, rotates=False),
            store(rotation, []),
        )


def test_rotation_check_works_before_rotation(rotation: ModuleType) -> None:
    calls: list[tuple[str, ...]] = []
    secrets = FakeSecrets({SECRET: dict(USER)}, rotates=None)
    secrets.values[SECRET, "v2"] = dict(USER)
    secrets.begin(SECRET, "v2")
    rotation.rotate(event("testSecret"), secrets, store(rotation, calls))
    assert calls == [("prove", "first")]


def test_rotation_rejects_unknown_step(rotation: ModuleType, secrets: FakeSecrets) -> None:
    secrets.begin(SECRET, "v2")
    with pytest.raises(rotation.RotationError, match="no rotation step"):
        rotation.rotate(event("dropSecret"), secrets, store(rotation, []))
