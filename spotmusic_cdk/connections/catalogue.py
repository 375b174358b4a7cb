"""Connections to MySQL: the shared catalogue, read or written, and a private database."""

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from spotmusic_cdk.connections.connection import READ_AGAIN, Client, Connection, Facts, Targets
from spotmusic_constructs.data.relational_database import PORT
from spotmusic_constructs.network.flows import Flow
from spotmusic_constructs.services.access import Access, user_access

SCHEMA = "catalogue"
"""Schema that all services share. A private schema has the name of its service."""
AUTHORITY = "catalogue/authority"
"""Parameter with the root certificates (PEM) of RDS. Systems do not trust them by default."""
READERS = "catalogue/reader-hosts"
"""Parameter with the hosts of the read replicas. The stack `data` creates it, because an export of
a replica would prevent its removal."""
FIELDS = ("username", "password", "host", "port")

_AUTHORITY = (
    "only `{variable}`, and the host name. "
    "PyMySQL without the argument `ssl` connects without verification"
)
_LIMITS = "`{variable}` for each task, of which twice as many run during a deployment"
_TIMEOUTS = (
    "connect 2 s, read and write 5 s, no retry within a request. "
    "A failover takes one to two minutes: answer 503, keep `HEALTH_PATH` at 200. "
    "Old and new tasks run side by side: add to a schema first, and remove from it in a later "
    "deployment"
)


class _MySQL(Connection):
    """Connection to the server of the catalogue. Its words share user and connections."""

    reason: str

    def flows(self, client: Client) -> Iterator[Flow]:
        yield Flow(
            source=client.party,
            target="catalogue-database",
            port=PORT,
            reason=f"{client.name} {self.reason}",
        )

    def user(self, prefix: str, client: Client, targets: Targets, *more: str) -> Iterator[Access]:
        """Yield the user of a service."""
        yield targets.configuration({f"{prefix}_AUTHORITY": AUTHORITY})
        yield user_access(prefix, targets.catalogue_users[client.name], fields=(*FIELDS, *more))
        # Old and new tasks of a deployment share the maximum of connections of the database.
        connections = client.settings.services[client.name].database_connections
        yield Access(environment={f"{prefix}_CONNECTIONS": str(connections)})


class CatalogueRead(_MySQL):
    """Reading the catalogue."""

    word = "catalogue: read"
    reason = "reads the catalogue"
    variables: ClassVar = {
        "CATALOGUE_HOST": "host name of MySQL 8.4",
        "CATALOGUE_PORT": "its port",
        "CATALOGUE_DBNAME": "name of the shared schema; ignore `dbname` in the secret",
        "CATALOGUE_READER_HOSTS": (
            "read replicas, with commas, for reads that may be seconds old; "
            "`CATALOGUE_HOST` without any"
        ),
        "CATALOGUE_READERS": (
            "number of the replicas: another number is another version of the service, which reads "
            "their hosts"
        ),
        "CATALOGUE_USERNAME": "the user",
        "CATALOGUE_PASSWORD": "its password, of letters and digits",
        "CATALOGUE_USER_ARN": READ_AGAIN,
        "CATALOGUE_AUTHORITY": (
            "root certificates (PEM) of Amazon RDS in the home region. "
            "MySQL clients verify nothing without them"
        ),
        "CATALOGUE_CONNECTIONS": "maximum connections of one task: the size of its pool",
    }
    facts = Facts(
        authority=_AUTHORITY.format(variable="CATALOGUE_AUTHORITY"),
        names="the schema `CATALOGUE_DBNAME`, in `utf8mb4`, which all services share",
        rights="SELECT. Anything else is refused (1142)",
        limits=_LIMITS.format(variable="CATALOGUE_CONNECTIONS"),
        timeouts=(
            f"{_TIMEOUTS}. Choose one of `CATALOGUE_READER_HOSTS` at random for each connection, "
            "and `CATALOGUE_HOST` when it does not answer: "
            "a replica may be removed while tasks run. "
            "Read from `CATALOGUE_HOST` what was just written"
        ),
    )

    def access(self, client: Client, targets: Targets) -> Iterator[Access]:
        yield from self.user("CATALOGUE", client, targets)
        yield targets.configuration({"CATALOGUE_READER_HOSTS": READERS})
        yield Access(
            environment={"CATALOGUE_READERS": str(client.settings.data.catalogue.read_replicas)}
        )
        # `dbname` of the secret is the private database. A change of the secret's template would
        # create another password.
        yield Access(environment={"CATALOGUE_DBNAME": SCHEMA})


class CatalogueWrite(CatalogueRead):
    """Reading and writing the catalogue."""

    word = "catalogue: write"
    reason = "reads and writes the catalogue"
    facts = replace(
        CatalogueRead.facts,
        rights="SELECT, INSERT, UPDATE and DELETE. Changes of tables are refused (1142)",
    )


class PrivateDatabase(_MySQL):
    """Private schema of the service on the same server."""

    word = "database"
    reason = "keeps a private database beside the catalogue"
    variables: ClassVar = {
        "DATABASE_HOST": "host name of MySQL 8.4, the server of the catalogue",
        "DATABASE_PORT": "its port",
        "DATABASE_DBNAME": "name of the private schema. Quote it: it may have hyphens",
        "DATABASE_USERNAME": "the user, the same as for the catalogue",
        "DATABASE_PASSWORD": "its password, of letters and digits",
        "DATABASE_USER_ARN": READ_AGAIN,
        "DATABASE_AUTHORITY": "root certificates (PEM) of Amazon RDS in the home region",
        "DATABASE_CONNECTIONS": "maximum connections of one task, including those to the catalogue",
    }
    facts = Facts(
        authority=_AUTHORITY.format(variable="DATABASE_AUTHORITY"),
        names="the schema `DATABASE_DBNAME`, in `utf8mb4`",
        rights=(
            "everything in its own schema, nothing in those of others. "
            "No triggers and functions: with the binary log they require SUPER (1418, 1419). "
            "The service creates its tables itself: "
            "`CREATE TABLE IF NOT EXISTS` below `GET_LOCK` before the first statement that needs "
            "them"
        ),
        limits=_LIMITS.format(variable="DATABASE_CONNECTIONS"),
        timeouts=_TIMEOUTS,
    )

    def access(self, client: Client, targets: Targets) -> Iterator[Access]:
        return self.user("DATABASE", client, targets, "dbname")
