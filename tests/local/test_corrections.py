"""Corrections of the emulator that run without it."""

import pytest

from tools.local_aws.corrections import (
    logs_are_writable,
    refuse_lost_exports,
    spelled_as_the_api,
    without_punctuation,
)

BEFORE = {"secrets:Arn": "arn:key"}


@pytest.mark.parametrize(
    ("now", "done"), [({}, "deleted"), ({"secrets:Arn": "arn:other"}, "updated")]
)
def test_imported_exports_are_kept(now: dict[str, str], done: str) -> None:
    with pytest.raises(
        ValueError, match=f"Export secrets:Arn cannot be {done} as it is in use by data"
    ):
        refuse_lost_exports(BEFORE, now, {"data": {"secrets:Arn"}, "network": set()})


@pytest.mark.parametrize("now", [{}, {"secrets:Arn": "arn:other"}, BEFORE])
def test_exports_without_imports_may_go(now: dict[str, str]) -> None:
    refuse_lost_exports(BEFORE, now, {"data": {"network:Vpc"}})


def test_containers_have_the_keys_of_the_api() -> None:
    container = {
        "Secrets": [{"Name": "A", "ValueFrom": "arn"}],
        "HealthCheck": {"Command": ["CMD"]},
        "LogConfiguration": {"Options": {"Mode": "x"}},
        "DockerLabels": {"Team": "x"},
    }
    assert spelled_as_the_api(container) == {
        "secrets": [{"name": "A", "valueFrom": "arn"}],
        "healthCheck": {"command": ["CMD"]},
        "logConfiguration": {"options": {"Mode": "x"}},
        "dockerLabels": {"Team": "x"},
    }


def test_generated_passwords_have_no_punctuation() -> None:
    asked = without_punctuation({"GenerateSecretString": {"ExcludePunctuation": True}})
    assert {"/", "@", '"'} <= set(asked["GenerateSecretString"]["ExcludeCharacters"])
    plain = {"GenerateSecretString": {"PasswordLength": 8}}
    assert without_punctuation(plain) == plain


def test_late_invocation_creates_no_named_log_group() -> None:
    configured = {"config": {"LoggingConfig": {"LogGroup": "queue-depth"}}}
    assert not logs_are_writable(configured, {})
    assert logs_are_writable(configured, {"queue-depth": {}})
    assert logs_are_writable({"config": {}}, {})
