"""EKS: add-ons, access entries and pod identity associations."""

from typing import Any

from tools.local_aws.provider_schemas import Properties
from tools.local_aws.provisioning import Handler, Made, Resource
from tools.local_aws.service_api import Answer, ServiceResource, call_unless_gone, parameters


def _addon_made(answer: Answer, resource: Resource) -> Made:
    properties = resource.properties
    arn = answer["addon"]["addonArn"] if "addon" in answer else _addon_arn(resource)
    return Made(identifier=f"{properties['ClusterName']}|{properties['AddonName']}", attributes={"Arn": arn})


def _addon_arn(resource: Resource) -> str:
    named = {"clusterName": resource.properties["ClusterName"], "addonName": resource.properties["AddonName"]}
    return str(resource.client("eks").describe_addon(**named)["addon"]["addonArn"])


def _addon_key(_identifier: str, properties: Properties) -> dict[str, Any]:
    return {"clusterName": properties["ClusterName"], "addonName": properties["AddonName"]}


def _association_made(answer: Answer, _resource: Resource) -> Made:
    association = answer["association"]
    arn, identifier = association["associationArn"], association["associationId"]
    return Made(identifier=arn, attributes={"AssociationArn": arn, "AssociationId": identifier})


def _association_key(identifier: str, properties: Properties) -> dict[str, Any]:
    return {"clusterName": properties["ClusterName"], "associationId": identifier.rsplit("/", 1)[-1]}


def _entry_key(properties: Properties) -> dict[str, str]:
    return {"clusterName": properties["ClusterName"], "principalArn": properties["PrincipalArn"]}


def _create_entry(resource: Resource) -> Made:
    client = resource.client("eks")
    entry = client.create_access_entry(**parameters(client, "create_access_entry", _entry_properties(resource)))["accessEntry"]
    _associate_policies(resource, [])
    return _entry_made(resource, entry["accessEntryArn"])


def _update_entry(resource: Resource, _identifier: str, old: Properties) -> Made:
    client = resource.client("eks")
    changed = parameters(client, "update_access_entry", _entry_properties(resource))
    entry = client.update_access_entry(**changed)["accessEntry"]
    _associate_policies(resource, [policy["PolicyArn"] for policy in old.get("AccessPolicies") or []])
    return _entry_made(resource, entry["accessEntryArn"])


def _entry_properties(resource: Resource) -> Properties:
    # In the API, policies are separate associations.
    return {name: value for name, value in resource.properties.items() if name != "AccessPolicies"}


def _associate_policies(resource: Resource, previous: list[str]) -> None:
    client, key = resource.client("eks"), _entry_key(resource.properties)
    wanted = resource.properties.get("AccessPolicies") or []
    for arn in set(previous) - {policy["PolicyArn"] for policy in wanted}:
        client.disassociate_access_policy(**key, policyArn=arn)
    for policy in wanted:
        client.associate_access_policy(**{**parameters(client, "associate_access_policy", policy), **key})


def _entry_made(resource: Resource, arn: str) -> Made:
    properties = resource.properties
    return Made(identifier=f"{properties['PrincipalArn']}|{properties['ClusterName']}", attributes={"AccessEntryArn": arn})


def _delete_entry(resource: Resource, _identifier: str) -> None:
    call_unless_gone(lambda: resource.client("eks").delete_access_entry(**_entry_key(resource.properties)))


HANDLERS: dict[str, Handler] = {
    "AWS::EKS::Addon": ServiceResource(
        service="eks", create="create_addon", update="update_addon", delete="delete_addon", made=_addon_made, key=_addon_key
    ).handler(),
    "AWS::EKS::PodIdentityAssociation": ServiceResource(
        service="eks",
        create="create_pod_identity_association",
        update="update_pod_identity_association",
        delete="delete_pod_identity_association",
        made=_association_made,
        key=_association_key,
    ).handler(),
    "AWS::EKS::AccessEntry": Handler(create=_create_entry, update=_update_entry, delete=_delete_entry),
}
