"""Default settings of an environment, and its JSON schema."""

import json

import pytest

from spotmusic_cdk.settings import schema
from spotmusic_cdk.settings.regions import budget_warnings
from tests.conftest import sample_of, settings_of


@pytest.mark.parametrize(
    ("policy", "allowed", "deletes"),
    [("retain", False, False), ("destroy", False, False), ("retain", True, False), ("destroy", True, True)],
)
def test_data_deletion_requires_both_settings(policy: str, allowed: bool, deletes: bool) -> None:
    settings = sample_of("dev")
    data = settings.data.model_copy(update={"removal_policy": policy, "allow_data_destruction": allowed})
    assert settings.model_copy(update={"data": data}).deletes_data is deletes


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_shipped_environments_retain_data(environment: str) -> None:
    assert not settings_of(environment).deletes_data


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_shipped_environments_restore_audio_weekly(environment: str) -> None:
    assert settings_of(environment).data.backup.audio_restored_every == "week"


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        sample_of("dev").region = "us-east-1"  # type: ignore[misc]


def test_committed_schema_matches_model() -> None:
    assert schema.PATH.read_text() == schema.text(), "run `make schema`"


def test_schema_describes_every_key() -> None:
    definitions = json.loads(schema.text())["$defs"]
    undescribed = [
        f"{model}.{key}"
        for model, definition in definitions.items()
        for key, value in definition.get("properties", {}).items()
        if "description" not in value and "$ref" not in value
    ]
    assert undescribed == []


def test_shipped_budget_covers_its_delivery() -> None:
    assert list(budget_warnings(settings_of("prod"))) == []
