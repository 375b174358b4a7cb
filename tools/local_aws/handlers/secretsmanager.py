"""Secrets Manager: rotation schedules and resource policies."""

import json

from ministack.services import secretsmanager as service

from tools.local_aws.provider_schemas import Properties
from tools.local_aws.provisioning import Handler, Made, Resource
from tools.local_aws.service_api import call_unless_gone, parameters


def _schedule(resource: Resource) -> Made:
    """Enables rotation. The emulator stores the schedule and never calls the function, so neither
    immediately.
    """
    client, secret = resource.client("secretsmanager"), resource.properties["SecretId"]
    given = parameters(client, "rotate_secret", resource.properties)
    client.rotate_secret(**{**given, "SecretId": secret, "RotateImmediately": False})
    return Made(identifier=client.describe_secret(SecretId=secret)["ARN"], attributes={"Id": secret})


def _unschedule(_resource: Resource, identifier: str) -> None:
    """Disables rotation. The emulator lacks CancelRotateSecret, so this changes its record
    directly.
    """
    _name, secret = service._resolve(identifier)
    if secret is not None:
        secret["RotationEnabled"] = False


def _attach_policy(resource: Resource) -> Made:
    policy = resource.properties["ResourcePolicy"]
    answer = resource.client("secretsmanager").put_resource_policy(
        SecretId=resource.properties["SecretId"], ResourcePolicy=policy if isinstance(policy, str) else json.dumps(policy)
    )
    return Made(identifier=answer["ARN"], attributes={"Id": answer["ARN"]})


def _detach_policy(resource: Resource, identifier: str) -> None:
    call_unless_gone(lambda: resource.client("secretsmanager").delete_resource_policy(SecretId=identifier))


def _again(resource: Resource, _identifier: str, _old: Properties) -> Made:
    return HANDLERS[resource.type].create(resource)


HANDLERS: dict[str, Handler] = {
    "AWS::SecretsManager::RotationSchedule": Handler(create=_schedule, update=_again, delete=_unschedule),
    "AWS::SecretsManager::ResourcePolicy": Handler(create=_attach_policy, update=_again, delete=_detach_policy),
}
