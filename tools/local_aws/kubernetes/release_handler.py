"""Helm releases as resources: their provider function runs if the chart is available; otherwise
they are recorded.
"""

from tools.local_aws.kubernetes import webhooks
from tools.local_aws.kubernetes.connection import Connection
from tools.local_aws.kubernetes.released import is_released
from tools.local_aws.provider_schemas import Properties
from tools.local_aws.provisioning import Handler, Made, Resource
from tools.local_aws.stub import Register, recorded_if


class AlreadyReleasedError(Exception):
    """The cluster already has a release of this name from another environment."""


def release_handler(*, executed: Handler, recorder: Handler, connection: Connection, register: Register) -> Handler:
    """Returns the handler of `Custom::AWSCDK-EKS-HelmChart` with an API server.

    Args:
        executed: handler that runs the provider function.
        recorder: handler that records a release.
        connection: the API server.
        register: register of records.
    """

    begun: set[tuple[str, str]] = set()

    def create(resource: Resource) -> Made:
        # A release that failed half-way is this environment's, and Helm continues it.
        if _key(resource) not in begun:
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
        return recorder.create(resource)

    return recorded_if(
        lambda resource: not connection.charts.are_at_hand(resource.properties),
        otherwise=Handler(create=create, update=update, delete=executed.delete),
        recorder=Handler(create=write_down, update=recorder.update, delete=recorder.delete),
        register=register,
    )


def _key(resource: Resource) -> tuple[str, str]:
    return str(resource.properties.get("Namespace", "default")), str(resource.properties["Release"])


def _require_new(connection: Connection, resource: Resource) -> None:
    """Rejects a name in use: Helm would take over that release, and the destruction would delete
    it.
    """
    namespace, name = _key(resource)
    if is_released(connection.api(), name=name, namespace=namespace):
        raise AlreadyReleasedError(
            f"Release {name} in namespace {namespace} already exists and does not belong to this environment. "
            f"Use an empty cluster, or remove it: helm uninstall {name} --namespace {namespace}"
        )


def _let_pass(connection: Connection, resource: Resource) -> None:
    if not connection.has_own_server:  # the emulator's own server calls no webhook
        webhooks.let_pass(connection.api(), release=str(resource.properties["Release"]))
