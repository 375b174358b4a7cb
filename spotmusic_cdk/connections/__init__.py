"""Connections of services: one class for each word of `talks_to`."""

from collections.abc import Iterator

from spotmusic_cdk.connections.brokers import Events, Tasks
from spotmusic_cdk.connections.buckets import AudioRead, AudioWrite, Uploads
from spotmusic_cdk.connections.cache import CacheConnection
from spotmusic_cdk.connections.catalogue import CatalogueRead, CatalogueWrite, PrivateDatabase
from spotmusic_cdk.connections.connection import Client, Connection
from spotmusic_cdk.connections.mail import Mail
from spotmusic_cdk.connections.other_service import OtherService
from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.words import Word
from spotmusic_constructs.network.flows import Flow

CONNECTIONS: dict[str, Connection] = {
    connection.word: connection
    for connection in (
        CatalogueRead(),
        CatalogueWrite(),
        PrivateDatabase(),
        CacheConnection(),
        Events(),
        Tasks(),
        AudioRead(),
        AudioWrite(),
        Uploads(),
        Mail(),
    )
}
"""Connections by word in an environment file, in the order of the contract page."""


def connection_of(word: Word, settings: Settings) -> Connection:
    """Return the connection of a word of `talks_to`.

    Raises:
        ValueError: if neither the table nor the environment has the word.
    """
    if found := CONNECTIONS.get(word.text):
        return found
    if word in settings.services:
        return OtherService(str(word))
    raise ValueError(
        f"unknown connection `{word.text}`. Add it to CONNECTIONS (spotmusic_cdk/connections)."
    )


def flows_of(name: str, settings: Settings) -> Iterator[Flow]:
    """Yield the flows of the words of a service."""
    client = Client(name=name, settings=settings)
    for word in settings.services[name].talks_to:
        yield from connection_of(word, settings).flows(client)
