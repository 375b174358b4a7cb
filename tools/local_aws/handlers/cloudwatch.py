"""CloudWatch: composite alarms."""

from tools.local_aws.provider_schemas import Properties
from tools.local_aws.provisioning import Handler, Made, Resource
from tools.local_aws.service_api import call_unless_gone, parameters


def _put(resource: Resource, name: str) -> Made:
    cloudwatch = resource.client("cloudwatch")
    cloudwatch.put_composite_alarm(**{**parameters(cloudwatch, "put_composite_alarm", resource.properties), "AlarmName": name})
    arn = f"arn:aws:cloudwatch:{resource.region}:{resource.account}:alarm:{name}"
    return Made(identifier=name, attributes={"Arn": arn})


def _create(resource: Resource) -> Made:
    return _put(resource, resource.properties.get("AlarmName") or resource.generated_name(limit=255))


def _update(resource: Resource, identifier: str, _old: Properties) -> Made:
    return _put(resource, identifier)


def _delete(resource: Resource, identifier: str) -> None:
    call_unless_gone(lambda: resource.client("cloudwatch").delete_alarms(AlarmNames=[identifier]))


HANDLERS: dict[str, Handler] = {"AWS::CloudWatch::CompositeAlarm": Handler(create=_create, update=_update, delete=_delete)}
