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

_DATABASE = "IdentityHost"
_SECRETS = {"keycloak": "IdentityUsersKeycloak", "grafana": "IdentityUsersGrafana"}
_SHARED, _OWN = ("CacheHost", "CacheUsersKong"), ("OwnCacheHost", "OwnCacheUsersKong")
"""Host and user of Kong's cache. CloudFormation reads values again only when their names change, so
a cache of Kong's own has other names."""


@dataclass(frozen=True, kw_only=True)
class DataValues:
    """Addresses and users for Keycloak, Kong and Grafana.

    Args:
        identity_host: host of the identity database.
        cache_host: host of the primary node of Kong's cache.
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
    shared: Cache,
    own: Cache | None,
) -> None:
    """Create the parameters, in the data stack.

    Args:
        scope: the data stack.
        settings: the environment.
        catalogue: its reader hosts are published to services.
        identity: database of Keycloak and Grafana.
        shared: the shared cache. Kong returns to it while its own cache still exists.
        own: cache of Kong's own.
    """
    arns = {parameter: secret_arn(identity.users[name]) for name, parameter in _SECRETS.items()}
    values = {_DATABASE: identity.endpoint, **_of(shared, _SHARED), **arns}
    if own:
        values |= _of(own, _OWN)
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
    cache_host, kong = _OWN if "kong" in settings.data.cache.own else _SHARED
    secret_names = {**_SECRETS, "kong": kong}
    values = DeployedValues(
        scope,
        "DataValues",
        path=_path(settings),
        parameter_names=[_DATABASE, cache_host, *secret_names.values()],
        log_key=secrets.keys.logs,
        log_retention=scope.log_retention.security,
        after=[after],
    )
    users = {
        name: secret_handle(scope, parameter, values.of(parameter))
        for name, parameter in secret_names.items()
    }
    return DataValues(
        identity_host=values.of(_DATABASE), cache_host=values.of(cache_host), users=users
    )


def _of(cache: Cache, names: tuple[str, str]) -> dict[str, str]:
    host, user = names
    return {host: cache.primary_endpoint, user: secret_arn(cache.users["kong"])}


def _path(settings: Settings) -> str:
    return f"{settings.parameter_path}/data"
