"""IAM: service-linked roles and OIDC providers."""

from typing import Any

from tools.local_aws.provider_schemas import Properties
from tools.local_aws.provisioning import Handler, Made, Resource
from tools.local_aws.service_api import Answer, ServiceResource, call_unless_gone


def _create_service_linked_role(resource: Resource) -> Made:
    iam, service = resource.client("iam"), resource.properties["AWSServiceName"]
    suffix = {"CustomSuffix": resource.properties["CustomSuffix"]} if "CustomSuffix" in resource.properties else {}
    role = iam.create_service_linked_role(AWSServiceName=service, **suffix)["Role"]
    return Made(identifier=role["RoleName"], attributes={"RoleName": role["RoleName"]})


def _delete_service_linked_role(resource: Resource, identifier: str) -> None:
    call_unless_gone(lambda: resource.client("iam").delete_service_linked_role(RoleName=identifier))


def _provider_made(answer: Answer, _resource: Resource) -> Made:
    arn = answer["OpenIDConnectProviderArn"]
    return Made(identifier=arn, attributes={"Arn": arn})


def _provider_key(identifier: str, _properties: Properties) -> dict[str, Any]:
    return {"OpenIDConnectProviderArn": identifier}


HANDLERS: dict[str, Handler] = {
    "AWS::IAM::ServiceLinkedRole": Handler(create=_create_service_linked_role, delete=_delete_service_linked_role),
    "AWS::IAM::OIDCProvider": ServiceResource(
        service="iam",
        create="create_open_id_connect_provider",
        delete="delete_open_id_connect_provider",
        made=_provider_made,
        key=_provider_key,
    ).handler(),
}
