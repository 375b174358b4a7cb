"""Defaults, schema, and values that follow from others."""

import json
from copy import deepcopy

import pytest
from pydantic import ValidationError

from spotmusic_cdk.settings import delivery_price, schema
from spotmusic_cdk.settings.identity import MailSettings
from spotmusic_cdk.settings.services import ServiceSettings
from tests.conftest import sample_of
from tools.checkout import settings_of


@pytest.mark.parametrize(
    ("policy", "allowed", "deletes"),
    [
        ("retain", False, False),
        ("destroy", False, False),
        ("retain", True, False),
        ("destroy", True, True),
    ],
)
def test_data_deletion_requires_both_settings(policy: str, allowed: bool, deletes: bool) -> None:
    settings = sample_of("dev")
    data = settings.data.model_copy(
        update={"removal_policy": policy, "allow_data_destruction": allowed}
    )
    assert settings.model_copy(update={"data": data}).deletes_data is deletes


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_shipped_environments_retain_and_restore_data(environment: str) -> None:
    settings = settings_of(environment)
    assert (settings.deletes_data, settings.data.backup.audio_restored_every) == (False, "week")


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
    assert list(delivery_price.warnings(settings_of("prod"))) == []


@pytest.mark.parametrize(
    ("terabytes", "region", "usd"),
    # Within the first step, and over six, computed by hand.
    [
        (0.526, "us-east-1", 45),
        (0.526, "sa-east-1", 58),
        (1051, "sa-east-1", 75_070),
        (1051, "eu-west-1", 40_450),
    ],
)
def test_delivery_cost_follows_volume_and_continent(
    terabytes: float, region: str, usd: int
) -> None:
    assert delivery_price.delivery_usd(terabytes, region) == pytest.approx(usd, rel=0.01)


@pytest.mark.parametrize(
    ("production", "budget", "warnings"), [(True, 25_000, 1), (True, 90_000, 0), (False, 25_000, 0)]
)
def test_budget_below_delivery_warns_in_production(
    production: bool, budget: int, warnings: int
) -> None:
    settings = sample_of("prod")
    observability = settings.observability.model_copy(update={"monthly_budget_usd": budget})
    found = list(
        delivery_price.warnings(
            settings.model_copy(update={"production": production, "observability": observability})
        )
    )
    assert [problem.key for problem in found] == ["observability.monthly_budget_usd"] * warnings


@pytest.mark.parametrize(
    ("identity", "domain"),
    [
        (None, "news.music.example"),
        ("news.music.example", "news.music.example"),
        ("music.example", "music.example"),
    ],
)
def test_mail_identity_covers_sender(identity: str | None, domain: str) -> None:
    assert MailSettings(sender="hello@news.music.example", identity=identity).domain == domain


@pytest.mark.parametrize("identity", ["other.example", "usic.example", "a.news.music.example"])
def test_unrelated_mail_identity_is_rejected(identity: str) -> None:
    with pytest.raises(
        ValidationError, match=f"{identity} does not cover hello@news.music.example"
    ):
        MailSettings(sender="hello@news.music.example", identity=identity)


def test_wildcard_mail_sender_is_rejected() -> None:
    with pytest.raises(ValidationError, match=r"sender\n.*match pattern"):
        MailSettings(sender="*@music.example")


def service(*words: object, retired: tuple[object, ...] = ()) -> ServiceSettings:
    return ServiceSettings.model_validate({"talks_to": words, "retired_talks_to": retired})


@pytest.mark.parametrize(
    ("entry", "written"),
    [("audio", "audio"), ({"audio": "read"}, "audio"), ({"audio": "write"}, "audio: write")],
)
def test_talks_to_entries_have_modes(entry: object, written: str) -> None:
    (word,) = service(entry).talks_to
    assert (word, word.text) == ("audio", written)


def test_talks_to_words_round_trip() -> None:
    found = service("cache", {"audio": "write"})
    assert found.model_dump(mode="json")["talks_to"] == [{"audio": "write"}, "cache"]
    assert [word.text for word in deepcopy(found).talks_to] == ["audio: write", "cache"]


def test_retired_mode_is_kept() -> None:
    found = service("audio", retired=({"audio": "write"},))
    assert not found.writes("audio")
    assert found.kept.writes("audio")
    assert found.kept.reads("audio")
