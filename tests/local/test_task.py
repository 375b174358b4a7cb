"""Environment of a task, as ECS resolves it."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tools.local_aws import session
from tools.local_aws.lock import BusyError, alone
from tools.local_aws.task import STAND_INS, VARIABLES, NoTaskError, environment_of_task, stand_ins
from tools.local_aws.workspace import Workspace

SECRET = "arn:aws:secretsmanager:sa-east-1:111122223333:secret:users-AbCdEf"
CONTAINER = {
    "environment": [{"name": "SERVICE", "value": "playback"}, {"name": "PORT", "value": "8080"}],
    "secrets": [
        {"name": "CACHE_PASSWORD", "valueFrom": f"{SECRET}:password::"},
        {"name": "FCM_KEY", "valueFrom": SECRET},
        {
            "name": "LOG_LEVEL",
            "valueFrom": "arn:aws:ssm:sa-east-1:111122223333:parameter/spotmusic/dev/log-level",
        },
    ],
}


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    clients: dict[str, Any] = {
        "ecs": SimpleNamespace(
            get_paginator=lambda _operation: SimpleNamespace(
                paginate=lambda status: [{"taskDefinitionArns": ids} for ids in ([], ["arn"])]
            ),
            describe_task_definition=lambda taskDefinition: {  # noqa: N803
                "taskDefinition": {"containerDefinitions": [CONTAINER]}
            },
        ),
        "ssm": SimpleNamespace(
            get_parameter=lambda Name, WithDecryption: {  # noqa: N803
                "Parameter": {"Value": {"/spotmusic/dev/log-level": "debug"}[Name]}
            }
        ),
        "secretsmanager": SimpleNamespace(
            get_secret_value=lambda SecretId: {  # noqa: N803
                "SecretString": {SECRET: '{"password": "p"}'}[SecretId]
            }
        ),
    }
    monkeypatch.setattr(session, "client", lambda service, endpoint, region: clients[service])


def test_task_environment_resolves_references() -> None:
    assert environment_of_task("playback", "http://127.0.0.1:1", region="sa-east-1") == {
        "SERVICE": "playback",
        "PORT": "8080",
        "CACHE_PASSWORD": "p",
        "FCM_KEY": '{"password": "p"}',
        "LOG_LEVEL": "debug",
    }


def test_unknown_service_names_those_there_are() -> None:
    with pytest.raises(NoTaskError, match="Deployed services: playback"):
        environment_of_task("lyrics", "http://127.0.0.1:1", region="sa-east-1")


def test_stand_ins_are_used_while_they_run(tmp_path: Path) -> None:
    """A run that SIGKILL ended leaves its file."""
    state = Workspace(tmp_path, name=STAND_INS)
    task = {"CACHE_HOST": "cache.internal"}
    assert stand_ins(tmp_path, task) == {}
    with alone(state, "stand-ins"):
        assert stand_ins(tmp_path, task) == {}
        (state.folder / VARIABLES).write_text(
            json.dumps({"CACHE_HOST": "127.0.0.1", "EVENTS_BROKERS": "127.0.0.1:9"})
        )
        assert stand_ins(tmp_path, task) == {"CACHE_HOST": "127.0.0.1"}
        with pytest.raises(BusyError), alone(state, "stand-ins"):
            pass
    assert stand_ins(tmp_path, task) == {}
