"""Access of services: connections of `talks_to`, and common parameters."""

from constructs import Construct

from spotmusic_cdk.connections import connection_of
from spotmusic_cdk.connections.catalogue import AUTHORITY, FIELDS, SCHEMA
from spotmusic_cdk.connections.connection import ISSUER, LOG_LEVEL, Client, Targets
from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.services import ServiceSettings
from spotmusic_cdk.settings.words import Word
from spotmusic_constructs.arns import secret_handle
from spotmusic_constructs.services.access import Access, combine, secret_access, user_access
from stacks.data import DataStack
from stacks.databases import MIGRATIONS
from stacks.secrets import SecretsStack

EVERYONE = {"LOG_LEVEL": LOG_LEVEL, "IDENTITY_ISSUER": ISSUER}
"""Parameters of every service: name of the variable, name in the parameter tree."""


class ServiceAccess:
    """Environment, references and rights of each service, from its `talks_to`.

    Args:
        scope: stack in which handles of parameters are created.
        settings: the environment.
        secrets: users of the brokers, key pair of audio URLs, and configuration.
        data: database, cache and buckets.
    """

    def __init__(
        self, scope: Construct, *, settings: Settings, secrets: SecretsStack, data: DataStack
    ) -> None:
        self._scope, self._settings = scope, settings
        self._targets = Targets(
            scope=scope,
            parameters=secrets.parameters,
            catalogue_users=data.catalogue.users,
            caches=dict.fromkeys(settings.services, data.cache) | data.own_caches,
            redpanda_users=secrets.secrets.redpanda_users,
            rabbitmq_users=secrets.secrets.rabbitmq_users,
            signing_key=secrets.signing_keys[0].private_key,
            audio=data.audio.bucket,
            uploads=data.uploads.bucket,
            verdicts=data.verdicts,
        )

    def of(self, name: str, service: ServiceSettings) -> Access:
        """Return the access of a service."""
        own = [
            Access(environment=service.settings),
            *(self._own_secret(name, *secret) for secret in service.secrets.items()),
        ]
        return combine(
            [
                self.common(service),
                *own,
                *(self.of_connection(name, word) for word in service.talks_to),
            ]
        )

    def of_migrations(self, service: ServiceSettings) -> Access:
        """Return the access of migrations. Their user may change tables of the catalogue."""
        user = user_access("CATALOGUE", self._targets.catalogue_users[MIGRATIONS], fields=FIELDS)
        named = Access(environment={"CATALOGUE_DBNAME": SCHEMA})
        return combine(
            [
                self.common(service),
                self._targets.configuration({"CATALOGUE_AUTHORITY": AUTHORITY}),
                user,
                named,
            ]
        )

    def common(self, service: ServiceSettings) -> Access:
        """Return the access of every service."""
        route = {"ROUTE": service.route} if service.route else {}
        return combine(
            [
                Access(environment={"ENVIRONMENT": self._settings.name, **route}),
                self._targets.configuration(EVERYONE),
            ]
        )

    def of_connection(self, name: str, word: Word) -> Access:
        """Return the access of a word of `talks_to`."""
        client = Client(name=name, settings=self._settings)
        return combine(connection_of(word, self._settings).access(client, self._targets))

    def _own_secret(self, name: str, variable: str, arn: str) -> Access:
        secret = secret_handle(self._scope, f"Secret-{name}-{variable.replace('_', '-')}", arn)
        return secret_access(variable, secret)
