"""Connection to the cache."""

from collections.abc import Iterator
from typing import ClassVar

from spotmusic_cdk.connections.connection import READ_AGAIN, Client, Connection, Facts, Targets
from spotmusic_constructs.data.cache import PORT
from spotmusic_constructs.data.cache_users import access_string
from spotmusic_constructs.network.flows import Flow
from spotmusic_constructs.services.access import Access, user_access


class CacheConnection(Connection):
    """Keys with the prefix of the service."""

    word = "cache"
    variables: ClassVar = {
        "CACHE_HOST": "host name of the primary, for reads and writes",
        "CACHE_READER_HOST": "host name of the replicas, for reads that may be slightly stale",
        "CACHE_PORT": "port of both",
        "CACHE_PREFIX": "prefix of each key and channel: the name of the service and a colon",
        "CACHE_USERNAME": "the user",
        "CACHE_PASSWORD": "its password, of letters and digits",
        "CACHE_USER_ARN": READ_AGAIN,
    }
    facts = Facts(
        authority="Amazon's public roots; an image from scratch needs `ca-certificates`",
        names="keys and channels that begin with `CACHE_PREFIX`",
        rights=(
            f"`{access_string('<service>')}`: SCAN, KEYS, SORT, CONFIG and FLUSHDB are refused, "
            "and clients in cluster mode"
        ),
        limits=(
            "keys are evicted when memory is full, and a change of engine deletes all: "
            "store nothing only in the cache"
        ),
        timeouts=(
            "200 ms, and no retry: clients with a default retry make a request 20 s long when "
            "the cache hangs (redis-py: `Retry(NoBackoff(), 0)`). "
            "Without the cache a service is slower, not down"
        ),
    )

    def flows(self, client: Client) -> Iterator[Flow]:
        yield Flow(
            source=client.party,
            target="cache",
            port=PORT,
            reason=f"{client.name} caches frequent reads",
        )

    def access(self, client: Client, targets: Targets) -> Iterator[Access]:
        cache = targets.caches[client.name]
        yield Access(
            environment={
                "CACHE_HOST": cache.primary_endpoint,
                "CACHE_READER_HOST": cache.reader_endpoint,
                "CACHE_PORT": str(cache.port),
                # The user may access only keys with this prefix.
                "CACHE_PREFIX": f"{client.name}:",
            }
        )
        yield user_access("CACHE", cache.users[client.name])
