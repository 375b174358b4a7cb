"""CloudWatch Logs: vended log delivery with its source and destination."""

from typing import Any

from tools.local_aws.provider_schemas import Properties
from tools.local_aws.provisioning import Handler, Made, Resource
from tools.local_aws.service_api import Answer, ServiceResource


def _by_name(_identifier: str, properties: Properties) -> dict[str, Any]:
    return {"name": properties["Name"]}


def _source_made(answer: Answer, _resource: Resource) -> Made:
    source = answer["deliverySource"]
    return Made(identifier=source["name"], attributes={"Arn": source["arn"], "Service": source.get("service", "")})


def _destination_properties(resource: Resource) -> Properties:
    properties = resource.properties
    target = {"deliveryDestinationConfiguration": {"destinationResourceArn": properties.get("DestinationResourceArn")}}
    return {**properties, **(target if "DestinationResourceArn" in properties else {})}


def _destination_made(answer: Answer, _resource: Resource) -> Made:
    destination = answer["deliveryDestination"]
    kind = destination.get("deliveryDestinationType", "")
    return Made(identifier=destination["name"], attributes={"Arn": destination["arn"], "DeliveryDestinationType": kind})


def _delivery_made(answer: Answer, _resource: Resource) -> Made:
    delivery = answer["delivery"]
    attributes = {
        "DeliveryId": delivery["id"],
        "Arn": delivery["arn"],
        "DeliveryDestinationType": delivery.get("deliveryDestinationType", ""),
    }
    return Made(identifier=delivery["id"], attributes=attributes)


HANDLERS: dict[str, Handler] = {
    "AWS::Logs::DeliverySource": ServiceResource(
        service="logs",
        create="put_delivery_source",
        update="put_delivery_source",
        delete="delete_delivery_source",
        made=_source_made,
        key=_by_name,
    ).handler(),
    "AWS::Logs::DeliveryDestination": ServiceResource(
        service="logs",
        create="put_delivery_destination",
        update="put_delivery_destination",
        delete="delete_delivery_destination",
        made=_destination_made,
        key=_by_name,
        prepare=_destination_properties,
    ).handler(),
    "AWS::Logs::Delivery": ServiceResource(
        service="logs",
        create="create_delivery",
        delete="delete_delivery",
        made=_delivery_made,
        key=lambda identifier, _properties: {"id": identifier},
    ).handler(),
}
