"""Environment of a task, as ECS resolves it."""

from types import SimpleNamespace
from typing import Any

import pytest

from tools.local_aws import session
from tools.local_aws.task import NoTaskError, environment_of_task

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
