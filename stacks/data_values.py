"""Values of the data stack for Kubernetes, without a reference between the stacks."""

from dataclasses import dataclass

from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct, IDependable

from spotmusic_cdk.connections.catalogue import READERS
from spotmusic_cdk.settings import Settings
from spotmusic_constructs.arns import secret_arn, secret_handle
from spotmusic_constructs.data.cache import Cache
from spotmusic_constructs.data.relational_database import RelationalDatabase
from spotmusic_constructs.secrets.deployed_values import DeployedValues
from spotmusic_constructs.secrets.parameter_tree import ParameterTree
from stacks.environment_stack import EnvironmentStack
from stacks.secrets import SecretsStack

_DATABASE, _CACHE = "IdentityHost", "CacheHost"
_SECRETS = {
    "keycloak": "IdentityUsersKeycloak",
    "grafana": "IdentityUsersGrafana",
    "kong": "CacheUsersKong",
}


@dataclass(frozen=True, kw_only=True)
class DataValues:
    """Addresses and users for Keycloak, Kong and Grafana.

    Args:
        identity_host: host of the identity database.
        cache_host: host of the primary cache node.
        users: secrets of users: `keycloak` and `grafana` of the database, `kong` of the cache.
    """

    identity_host: str
    cache_host: str
    users: dict[str, secretsmanager.ISecret]


def publish(
    scope: Construct,
    *,
    settings: Settings,
    catalogue: RelationalDatabase,
    identity: RelationalDatabase,
    cache: Cache,
) -> None:
    """Create the parameters, in the data stack."""
    users = {**identity.users, "kong": cache.users["kong"]}
    arns = {parameter: secret_arn(users[name]) for name, parameter in _SECRETS.items()}
    values = {_DATABASE: identity.endpoint, _CACHE: cache.primary_endpoint, **arns}
    ParameterTree(scope, "Published", path=_path(settings), parameters=values)
    ParameterTree(
        scope, "Readers", path=settings.parameter_path, parameters={READERS: catalogue.reader_hosts}
    )


def read(
    scope: EnvironmentStack, *, settings: Settings, secrets: SecretsStack, after: IDependable
) -> DataValues:
    """Read the parameters, in the stack of the cluster.

    Args:
        scope: stack of the cluster.
        settings: the environment.
        secrets: key of the function's log.
        after: the cluster. Its creation takes longer than that of databases and cache, so the
            function waits briefly.
    """
    values = DeployedValues(
        scope,
        "DataValues",
        path=_path(settings),
        parameter_names=[_DATABASE, _CACHE, *_SECRETS.values()],
        log_key=secrets.keys.logs,
        log_retention=scope.log_retention.security,
        after=[after],
    )
    users = {
        name: secret_handle(scope, parameter, values.of(parameter))
        for name, parameter in _SECRETS.items()
    }
    return DataValues(identity_host=values.of(_DATABASE), cache_host=values.of(_CACHE), users=users)


def _path(settings: Settings) -> str:
    return f"{settings.parameter_path}/data"
