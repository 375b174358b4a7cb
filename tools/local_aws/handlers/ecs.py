"""ECS: capacity providers of a cluster."""

from tools.local_aws.provider_schemas import Properties
from tools.local_aws.provisioning import Handler, Made, Resource
from tools.local_aws.service_api import call_unless_gone, parameters


def _associate(resource: Resource) -> Made:
    client = resource.client("ecs")
    client.put_cluster_capacity_providers(**parameters(client, "put_cluster_capacity_providers", resource.properties))
    return Made(identifier=resource.properties["Cluster"])


def _update(resource: Resource, _identifier: str, _old: Properties) -> Made:
    return _associate(resource)


def _dissociate(resource: Resource, identifier: str) -> None:
    nothing = {"cluster": identifier, "capacityProviders": [], "defaultCapacityProviderStrategy": []}
    call_unless_gone(lambda: resource.client("ecs").put_cluster_capacity_providers(**nothing))


HANDLERS: dict[str, Handler] = {
    "AWS::ECS::ClusterCapacityProviderAssociations": Handler(create=_associate, update=_update, delete=_dissociate)
}
