import pytest

from spotmusic_cdk.connections import CONNECTIONS, connection_of
from spotmusic_cdk.connections.connection import Client
from spotmusic_cdk.connections.other_service import OtherService
from spotmusic_cdk.settings.words import MODES, RESOURCES, Word
from tests.conftest import sample_of

WORDS = [Word(resource, mode) for resource in RESOURCES for mode in MODES.get(resource, (None,))]


def test_connections_cover_every_word() -> None:
    assert {word.text for word in WORDS} == CONNECTIONS.keys()


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.text)
def test_connections_cost_rules_for_flows(word: Word) -> None:
    flows = list(
        connection_of(word, sample_of("dev")).flows(
            Client(name="playback", settings=sample_of("dev"))
        )
    )
    assert bool(flows) == (RESOURCES[str(word)].rules is not None)
    assert (flows != [] and flows[0].target == "broker-load-balancer") == (
        RESOURCES[str(word)].broker_rules == 1
    )


def test_connection_of_a_service_leads_there() -> None:
    connection = connection_of(Word("playback"), sample_of("dev"))
    assert isinstance(connection, OtherService)
    assert connection.name == "playback"


@pytest.mark.parametrize("word", ["lyrics", "catalogue", "cahce"])
def test_connection_of_unknown_words_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="unknown connection"):
        connection_of(Word(word), sample_of("dev"))
