from copy import deepcopy

import pytest

from spotmusic_cdk.settings.services import ServiceSettings
from spotmusic_cdk.settings.word import Word


def service(*words: object, retired: tuple[object, ...] = ()) -> ServiceSettings:
    return ServiceSettings.model_validate({"talks_to": words, "retired_talks_to": retired})


@pytest.mark.parametrize(("entry", "told"), [("audio", "audio"), ({"audio": "read"}, "audio"), ({"audio": "write"}, "audio: write")])
def test_entries_become_words_with_modes(entry: object, told: str) -> None:
    (word,) = service(entry).talks_to
    assert (word, word.told) == ("audio", told)


def test_written_words_are_read_back() -> None:
    found = service("cache", {"audio": "write"})
    assert found.model_dump(mode="json")["talks_to"] == [{"audio": "write"}, "cache"]
    assert [word.told for word in deepcopy(found).talks_to] == ["audio: write", "cache"]


def test_a_retired_mode_is_kept() -> None:
    found = service("audio", retired=({"audio": "write"},))
    assert not found.writes("audio")
    assert found.kept.writes("audio")
    assert found.kept.reads("audio")


def test_words_without_modes_have_none() -> None:
    assert Word("cache").mode is None
