"""EKS and custom resources of the emulator with an API server, and the private names of ministack
that they replace.
"""

from typing import Any

from ministack.services import eks
from ministack.services.cloudformation import provisioners

from tools.local_aws.kubernetes.connection import Connection
from tools.local_aws.provider_schemas import Properties
from tools.local_aws.provisioning import Handler, Made, Resource

CLUSTER = "AWS::EKS::Cluster"

PATCHED_NAMES: dict[str, tuple[str, ...]] = {
    "ministack.services.eks": ("_cluster_endpoint", "_clusters", "_get_docker"),
    "ministack.services.cloudformation.provisioners": (
        "_RESOURCE_HANDLERS",
        "_custom_resource_create",
        "_custom_resource_update",
        "_custom_resource_delete",
    ),
}


def install(connection: Connection) -> None:
    """Uses the API server for every EKS cluster.

    Args:
        connection: the API server.
    """
    eks._cluster_endpoint = lambda _port: connection.endpoint
    eks._get_docker = lambda: None
    cluster = provisioners._RESOURCE_HANDLERS[CLUSTER]
    create, update = cluster["create"], cluster["update"]

    def with_authority(answer: tuple[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
        identifier, attributes = answer
        eks._clusters[identifier]["certificateAuthority"]["data"] = connection.authority()
        return identifier, {**attributes, "CertificateAuthorityData": connection.authority()}

    def created(*arguments: Any) -> Any:
        connection.api()  # as in EKS, a cluster is active when its API responds
        return with_authority(create(*arguments))

    cluster.update(create=created, update=lambda *arguments: with_authority(update(*arguments)))


def executed(resource_type: str) -> Handler:
    """Returns the handler that runs a custom resource's provider function.

    Args:
        resource_type: such as `Custom::AWSCDK-EKS-HelmChart`.
    """

    def create(resource: Resource) -> Made:
        answer = provisioners._custom_resource_create(resource.logical_id, resource.properties, resource.stack, resource_type)
        return Made(identifier=answer[0], attributes=answer[1])

    def update(resource: Resource, identifier: str, old: Properties) -> Made:
        answer = provisioners._custom_resource_update(
            identifier, old, resource.properties, resource.stack, logical_id=resource.logical_id, resource_type=resource_type
        )
        return Made(identifier=answer[0], attributes=answer[1])

    def delete(resource: Resource, identifier: str) -> None:
        provisioners._custom_resource_delete(
            identifier, resource.properties, stack_name=resource.stack, logical_id=resource.logical_id, resource_type=resource_type
        )

    return Handler(create=create, update=update, delete=delete)
