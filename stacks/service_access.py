"""What the words of `talks_to` give a service."""

from collections.abc import Iterable, Iterator

import aws_cdk as cdk
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.services import ServiceSettings, address_variable
from spotmusic_cdk.settings.word import mode_of
from spotmusic_constructs.edge.web_acl import EDGE_REGION
from spotmusic_constructs.messaging import topology
from spotmusic_constructs.services.access import (
    Access,
    bucket_access,
    combine,
    configuration_access,
    invalidation_access,
    mail_access,
    parameter_access,
    queue_access,
    secret_access,
    user_access,
    writing_access,
)
from spotmusic_constructs.streaming.redpanda import MECHANISM
from spotmusic_constructs.streaming.redpanda_access import DEAD_LETTERS
from stacks.data import DataStack
from stacks.databases import CATALOGUE, MIGRATIONS
from stacks.secrets import SecretsStack

EVERYONE = {"LOG_LEVEL": "log-level", "IDENTITY_ISSUER": "identity/issuer"}
"""Parameters that every service gets: name in the container, name in the tree."""
AUTHORITY = "catalogue/authority"
"""Root certificates (PEM) of RDS: clients of MySQL verify nothing unless they are told to, and no system trusts these."""
EVENTS = {"EVENTS_BOOTSTRAP_SERVERS": "kafka/bootstrap-servers", "EVENTS_SCHEMA_REGISTRY": "kafka/schema-registry"}
TASKS = {"TASKS_ENDPOINT": "amqp/endpoint"}
TASKS_TOPOLOGY = {"TASKS_VIRTUAL_HOST": topology.VIRTUAL_HOST, "TASKS_EXCHANGE": topology.TASKS}
AUDIO = "audio"
"""First part of the keys of tracks: CloudFront leads `/audio/*` to their bucket."""
DATABASE_FIELDS = ("username", "password", "host", "port")


class ServiceAccess:
    """Turns `talks_to` into environment, references and rights: a service gets what it names there and no more.

    Args:
        scope: stack in which handles of parameters are made.
        settings: the environment.
        secrets: users of the brokers, the key that signs audio URLs, and configuration.
        data: database, cache and buckets.
    """

    def __init__(self, scope: Construct, *, settings: Settings, secrets: SecretsStack, data: DataStack) -> None:
        self._scope, self._settings, self._secrets, self._data = scope, settings, secrets, data
        self._parameters: dict[str, ssm.IParameter] = {}

    def of(self, name: str, service: ServiceSettings) -> Access:
        """Returns what a service may reach."""
        own = [Access(environment=service.settings), *(self._own_secret(name, *secret) for secret in service.secrets.items())]
        return combine([self.of_everyone(service), *own, *(self.of_word(name, word) for word in service.talks_to)])

    def of_migrations(self, service: ServiceSettings) -> Access:
        """Returns what the migrations of the catalogue have: a user that may change tables, and nothing else of the service's."""
        user = user_access("CATALOGUE", self._data.catalogue.users[MIGRATIONS], fields=DATABASE_FIELDS)
        named = Access(environment={"CATALOGUE_DBNAME": CATALOGUE})
        return combine([self.of_everyone(service), self._configuration({"CATALOGUE_AUTHORITY": AUTHORITY}), user, named])

    def of_everyone(self, service: ServiceSettings) -> Access:
        """Returns what a service has without a word."""
        route = {"ROUTE": service.route} if service.route else {}
        return combine([Access(environment={"ENVIRONMENT": self._settings.name, **route}), self._configuration(EVERYONE)])

    def of_word(self, name: str, word: str) -> Access:
        """Returns what a word of `talks_to` gives the service of this name."""
        return combine(self._word(name, word))

    def _word(self, name: str, word: str) -> Iterator[Access]:  # noqa: C901 (a branch for each word)
        match word:
            case "catalogue":
                yield from self._database("CATALOGUE", name)
                # The secret names the private database, whether the service has one or not: another text would make another password.
                yield Access(environment={"CATALOGUE_DBNAME": CATALOGUE})
            case "database":
                yield from self._database("DATABASE", name, "dbname")
            case "cache":
                yield from self._cache(name)
            case "events":
                yield from self._broker("EVENTS", EVENTS)
                topics = self._settings.topics.items()
                consumed = [topic for topic, uses in topics if name in uses.consumers]
                yield Access(
                    environment={
                        "EVENTS_SASL_MECHANISM": MECHANISM,
                        **_list("EVENTS_PRODUCES", [topic for topic, uses in topics if name in uses.producers]),
                        **_list("EVENTS_CONSUMES", consumed),
                        # Rights are for this group, and for those that begin with it and a dot.
                        **({"EVENTS_GROUP": name, "EVENTS_DEAD_LETTERS": f"{DEAD_LETTERS}.{name}"} if consumed else {}),
                    }
                )
                yield user_access("EVENTS", self._secrets.secrets.redpanda_users[name])
            case "tasks":
                yield from self._broker("TASKS", TASKS)
                queues = self._settings.queues.items()
                published = _list("TASKS_PUBLISHES", [queue for queue, uses in queues if name in uses.publishers])
                taken = _list("TASKS_QUEUES", [queue for queue, uses in queues if name in uses.consumers])
                yield Access(environment={**TASKS_TOPOLOGY, **published, **taken})
                yield user_access("TASKS", self._secrets.secrets.rabbitmq_users[name])
            case "uploads":
                yield bucket_access("UPLOADS", self._data.uploads.bucket, writes=True)
                # Pages may put files there alone, by the content security policy. SDKs would sign for another name of the bucket.
                yield Access(environment={"UPLOADS_ENDPOINT": f"https://s3.{self._settings.region}.{cdk.Aws.URL_SUFFIX}"})
                queue = self._data.verdicts[name].queue
                yield queue_access("UPLOADS_VERDICTS_QUEUE", url=queue.ref, arn=queue.attr_arn)
            case "audio" if mode_of(word) == "write":
                yield from self._library()
            case "audio":
                yield from self._audio()
            case "mail" if mail := self._settings.mail:
                identity = f"arn:{cdk.Aws.PARTITION}:ses:{self._settings.region}:{cdk.Aws.ACCOUNT_ID}:identity/{mail.domain}"
                yield mail_access("MAIL_SENDER", sender=mail.sender, identity=identity)
            case other:
                port = self._settings.services[other].port
                yield Access(environment={address_variable(other): f"http://{other}:{port}"})

    def _own_secret(self, name: str, variable: str, arn: str) -> Access:
        secret = secretsmanager.Secret.from_secret_complete_arn(self._scope, f"Secret-{name}-{variable.replace('_', '-')}", arn)
        return secret_access(variable, secret)

    def _database(self, prefix: str, name: str, *more: str) -> Iterator[Access]:
        yield self._configuration({f"{prefix}_AUTHORITY": AUTHORITY})
        yield user_access(prefix, self._data.catalogue.users[name], fields=(*DATABASE_FIELDS, *more))
        # All tasks of a deployment, old and new, share what the database admits.
        yield Access(environment={f"{prefix}_CONNECTIONS": str(self._settings.services[name].database_connections)})

    def _cache(self, name: str) -> Iterator[Access]:
        cache = self._data.cache
        # The user may touch only keys that begin with its prefix.
        addresses = {"CACHE_HOST": cache.primary_endpoint, "CACHE_READER_HOST": cache.reader_endpoint, "CACHE_PORT": str(cache.port)}
        yield Access(environment={**addresses, "CACHE_PREFIX": f"{name}:"})
        yield user_access("CACHE", cache.users[name])

    def _broker(self, prefix: str, parameters: dict[str, str]) -> Iterator[Access]:
        yield self._configuration(parameters)
        if self._settings.authority_parameter:
            yield parameter_access(
                {f"{prefix}_AUTHORITY_PARAMETER": self._settings.authority_parameter},
                [self._secrets.parameters.arn_of(self._settings.authority_parameter)],
            )

    def _library(self) -> Iterator[Access]:
        """Writing and removing tracks, with the copies at the edge."""
        yield writing_access("AUDIO", self._data.audio.bucket, below=AUDIO)
        distributions = f"arn:{cdk.Aws.PARTITION}:cloudfront::{cdk.Aws.ACCOUNT_ID}:distribution/*"
        yield invalidation_access(distributions, tags=self._settings.identifying_tags)
        path, arn = self._edge()
        yield parameter_access({"AUDIO_PARAMETERS": path, "AUDIO_PARAMETERS_REGION": EDGE_REGION}, [f"{arn}/distribution-id"])

    def _edge(self) -> tuple[str, str]:
        """Path and ARN of what the edge stack tells. It comes after this one and in another region: services read it while they run."""
        path = f"{self._settings.parameter_path}/edge"
        return path, self._secrets.parameters.arn_of(path).replace(f":{self._settings.region}:", f":{EDGE_REGION}:")

    def _audio(self) -> Iterator[Access]:
        path, arn = self._edge()
        first, *_ = self._secrets.signing_keys
        yield bucket_access("AUDIO", self._data.audio.bucket)
        yield secret_access("AUDIO_SIGNING_KEY", first.private_key, field="private_key")
        yield parameter_access(
            {"AUDIO_SIGNER": self._settings.edge.signing_keys[0], "AUDIO_PARAMETERS": path, "AUDIO_PARAMETERS_REGION": EDGE_REGION},
            [f"{arn}/{parameter}" for parameter in ("domain-name", "signing-keys")],
        )

    def _configuration(self, parameters: dict[str, str]) -> Access:
        return configuration_access({variable: self._parameter(name) for variable, name in parameters.items()})

    def _parameter(self, name: str) -> ssm.IParameter:
        """One handle per parameter, however many services read it."""
        if name not in self._parameters:
            self._parameters[name] = ssm.StringParameter.from_string_parameter_attributes(
                self._scope,
                f"Parameter-{name.replace('/', '-')}",
                parameter_name=f"{self._secrets.parameters.path}/{name}",
                # Nobody asks for the value; without this a template parameter would be made for it.
                force_dynamic_reference=True,
            )
        return self._parameters[name]


def _list(variable: str, names: Iterable[str]) -> dict[str, str]:
    """A list in one variable; none where there is nothing to list."""
    joined = ",".join(names)
    return {variable: joined} if joined else {}
