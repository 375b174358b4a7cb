"""Helm releases as resources: their provider function runs where their chart is at hand, and a record stands for them where not."""

from tools.local_aws.kubernetes import webhooks
from tools.local_aws.kubernetes.connection import Connection
from tools.local_aws.kubernetes.released import is_released
from tools.local_aws.provider_schemas import Properties
from tools.local_aws.provisioning import Handler, Made, Resource
from tools.local_aws.stub import Register, recorded_if


class AlreadyReleasedError(Exception):
    """The cluster has a release of this name, which is not this environment's."""


def release_handler(*, executed: Handler, paper: Handler, connection: Connection, register: Register) -> Handler:
    """The handler of `Custom::AWSCDK-EKS-HelmChart` where there is an API server.

    Args:
        executed: runs the provider function.
        paper: writes a release down.
        connection: the API server.
        register: where the records are.
    """

    begun: set[tuple[str, str]] = set()

    def create(resource: Resource) -> Made:
        if _key(resource) not in begun:  # one that failed half-way is ours, and Helm goes on from there
            _require_new(connection, resource)
        begun.add(_key(resource))
        made = executed.create(resource)
        _let_pass(connection, resource)
        return made

    def update(resource: Resource, identifier: str, old: Properties) -> Made:
        made = executed.update(resource, identifier, old) if executed.update else executed.create(resource)
        _let_pass(connection, resource)
        return made

    def write_down(resource: Resource) -> Made:
        connection.definitions.define(connection.api(), str(resource.properties.get("Chart", "")))
        return paper.create(resource)

    return recorded_if(
        lambda resource: not connection.charts.are_at_hand(resource.properties),
        otherwise=Handler(create=create, update=update, delete=executed.delete),
        paper=Handler(create=write_down, update=paper.update, delete=paper.delete),
        register=register,
    )


def _key(resource: Resource) -> tuple[str, str]:
    return str(resource.properties.get("Namespace", "default")), str(resource.properties["Release"])


def _require_new(connection: Connection, resource: Resource) -> None:
    """Helm would take over whatever has the name, and the destruction would remove it."""
    namespace, name = _key(resource)
    if is_released(connection.api(), name=name, namespace=namespace):
        raise AlreadyReleasedError(
            f"The cluster has a release {name} in namespace {namespace} already, and it is not this environment's. "
            f"Use an empty cluster, or remove it: helm uninstall {name} --namespace {namespace}"
        )


def _let_pass(connection: Connection, resource: Resource) -> None:
    if not connection.has_own_server:  # ours calls no webhook at all
        webhooks.let_pass(connection.api(), release=str(resource.properties["Release"]))
