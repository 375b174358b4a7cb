"""Connection: effects of a word of `talks_to`."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.data.cache import Cache
from spotmusic_constructs.data.upload_verdicts import UploadVerdicts
from spotmusic_constructs.edge_region import EDGE_REGION
from spotmusic_constructs.network.flows import Flow
from spotmusic_constructs.secrets.parameter_tree import ParameterTree
from spotmusic_constructs.services.access import Access, parameter_access

READ_AGAIN = (
    "ARN of the user's secret: read it again when a login is refused, because passwords rotate "
    "while tasks run"
)
"""Form of each `<PREFIX>_USER_ARN`."""
LOG_LEVEL, ISSUER = "log-level", "identity/issuer"
"""Parameters that every service reads."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Facts of a connection on the contract page.

    Args:
        authority: certificates that verify the other side.
        names: names that a service may use.
        rights: allowed and denied actions of the user.
        limits: quotas.
        timeouts: maximum duration of a call, and the client's reaction.
    """

    authority: str
    names: str
    rights: str
    limits: str
    timeouts: str

    def rows(self) -> dict[str, str]:
        """Return the facts by their heading."""
        return {
            "verify TLS with": self.authority,
            "names": self.names,
            "rights there": self.rights,
            "limits": self.limits,
            "timeouts": self.timeouts,
        }


@dataclass(frozen=True, kw_only=True)
class Client:
    """Service that connects.

    Args:
        name: name of the service.
        settings: its environment.
    """

    name: str
    settings: Settings

    @property
    def party(self) -> str:
        """Party of the service in the table of flows."""
        return service_party(self.name)


@dataclass(frozen=True, kw_only=True)
class Targets:
    """Constructs that connections use.

    Args:
        scope: stack in which handles of parameters are created.
        parameters: configuration of the environment.
        catalogue_users: secrets of the users of the catalogue's server, by service.
        caches: the cache of each service.
        redpanda_users: secrets of the users of Redpanda, by service.
        rabbitmq_users: secrets of the users of RabbitMQ, by service.
        signing_key: private key that signs audio URLs.
        audio: bucket of the audio library.
        uploads: bucket of uploads.
        verdicts: queues of verdicts on uploads, by service.
    """

    scope: Construct
    parameters: ParameterTree
    catalogue_users: Mapping[str, secretsmanager.ISecret]
    caches: Mapping[str, Cache]
    redpanda_users: Mapping[str, secretsmanager.ISecret]
    rabbitmq_users: Mapping[str, secretsmanager.ISecret]
    signing_key: secretsmanager.ISecret
    audio: s3.IBucket
    uploads: s3.IBucket
    verdicts: Mapping[str, UploadVerdicts]
    _references: dict[str, ecs.Secret] = field(default_factory=dict, init=False)

    def configuration(self, names: Mapping[str, str]) -> Access:
        """Return access to parameters.

        Args:
            names: name in the parameter tree by name of the variable.
        """
        return Access(
            secrets={variable: self._reference(name) for variable, name in names.items()},
            parameter_arns=tuple(
                self.parameters.arn_of(f"{self.parameters.path}/{name}") for name in names.values()
            ),
        )

    def authority(self, prefix: str, settings: Settings) -> Access:
        """Return access to the authority of the brokers, a parameter without a domain."""
        name = settings.authority_parameter
        if not name:
            return Access()
        arn = self.parameters.arn_of(name)
        return parameter_access({f"{prefix}_AUTHORITY_PARAMETER": name}, [arn])

    def edge(self, settings: Settings) -> tuple[str, str]:
        """Return path and ARN of the parameters of the edge stack.

        Services read the parameters at run time, because the stack is deployed after them and in
        another region.
        """
        path = f"{settings.parameter_path}/edge"
        arn = self.parameters.arn_of(path)
        return path, arn.replace(f":{settings.region}:", f":{EDGE_REGION}:")

    def _reference(self, name: str) -> ecs.Secret:
        """Return the reference to a parameter, one for all services."""
        if name not in self._references:
            parameter = ssm.StringParameter.from_string_parameter_attributes(
                self.scope,
                f"Parameter-{name.replace('/', '-')}",
                parameter_name=f"{self.parameters.path}/{name}",
                # Otherwise CDK adds an unused template parameter for the value.
                force_dynamic_reference=True,
            )
            self._references[name] = ecs.Secret.from_ssm_parameter(parameter)
        return self._references[name]


class Connection(ABC):
    """Effects of one word on a service.

    Attributes:
        word: word in an environment file, such as `audio: write`.
        variables: form of each variable, by name.
        facts: text of the contract page.
    """

    word: ClassVar[str]
    variables: ClassVar[Mapping[str, str]]
    facts: ClassVar[Facts]

    def flows(self, client: Client) -> Iterator[Flow]:
        """Yield the allowed connections, in addition to port 443 of AWS APIs."""
        return iter(())

    def table(self, settings: Settings) -> list[str]:
        """Return the lines of a table of an environment on the contract page."""
        return []

    @abstractmethod
    def access(self, client: Client, targets: Targets) -> Iterator[Access]:
        """Yield environment variables, secrets and rights of the tasks."""


def service_party(name: str) -> str:
    """Return the party of a service in the table of flows."""
    return f"service-{name}"


def listed(variable: str, names: Iterable[str]) -> dict[str, str]:
    """Return a variable with names separated by commas, or no variable without names."""
    joined = ",".join(names)
    return {variable: joined} if joined else {}
