"""What an environment gets without asking for it."""

import json

import pytest

from spotmusic_cdk.settings import schema
from tests.conftest import ROOT, settings_of


def test_dev_is_short() -> None:
    lines = (ROOT / "environments" / "dev.yaml").read_text().splitlines()
    assert len(lines) < 40


def test_data_is_retained_unless_the_environment_says_otherwise_twice() -> None:
    settings = settings_of("dev")
    assert not settings.deletes_data
    once = settings.model_copy(update={"data": settings.data.model_copy(update={"removal_policy": "destroy"})})
    assert not once.deletes_data
    twice = settings.model_copy(
        update={"data": settings.data.model_copy(update={"removal_policy": "destroy", "allow_data_destruction": True})}
    )
    assert twice.deletes_data


def test_settings_do_not_change_after_loading() -> None:
    with pytest.raises(ValueError, match="frozen"):
        settings_of("dev").region = "us-east-1"  # type: ignore[misc]


def test_the_schema_beside_the_environments_is_the_models() -> None:
    assert schema.PATH.read_text() == schema.text(), "run `make schema`"


def test_every_key_is_described_in_the_schema() -> None:
    definitions = json.loads(schema.text())["$defs"]
    undescribed = [
        f"{model}.{key}"
        for model, definition in definitions.items()
        for key, value in definition.get("properties", {}).items()
        if "description" not in value and "$ref" not in value
    ]
    assert undescribed == []


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_the_environments_that_ship_have_the_five_services(environment: str) -> None:
    assert set(settings_of(environment).services) == {"web-api", "playback", "recommendations", "trends", "notifications"}
