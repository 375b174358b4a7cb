"""RDS: option groups."""

from typing import Any

from tools.local_aws.provider_schemas import Properties
from tools.local_aws.provisioning import Handler, Made, Resource
from tools.local_aws.service_api import Answer, ServiceResource


def _option_group(resource: Resource) -> Properties:
    name = resource.properties.get("OptionGroupName") or resource.generated_name().lower()
    return {**resource.properties, "OptionGroupName": name}


def _option_group_made(answer: Answer, _resource: Resource) -> Made:
    return Made(identifier=answer["OptionGroup"]["OptionGroupName"])


def _option_group_key(identifier: str, _properties: Properties) -> dict[str, Any]:
    return {"OptionGroupName": identifier}


HANDLERS: dict[str, Handler] = {
    "AWS::RDS::OptionGroup": ServiceResource(
        service="rds",
        create="create_option_group",
        delete="delete_option_group",
        made=_option_group_made,
        key=_option_group_key,
        prepare=_option_group,
    ).handler(),
}
