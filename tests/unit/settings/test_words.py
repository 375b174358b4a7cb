from copy import deepcopy

import pytest

from spotmusic_cdk.settings.services import ServiceSettings, Word


def service(*words: object, retired: tuple[object, ...] = ()) -> ServiceSettings:
    return ServiceSettings.model_validate({"talks_to": words, "retired_talks_to": retired})


@pytest.mark.parametrize(("entry", "written"), [("audio", "audio"), ({"audio": "read"}, "audio"), ({"audio": "write"}, "audio: write")])
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


def test_word_without_mode_has_none() -> None:
    assert Word("cache").mode is None
