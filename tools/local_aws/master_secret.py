"""Secret of the master user, which RDS manages in Secrets Manager for a database instance."""

import json

from tools.local_aws.provider_schemas import Properties
from tools.local_aws.provisioning import Handler, Made, Resource
from tools.local_aws.service_api import call_unless_gone

_ATTRIBUTE = "MasterUserSecret.SecretArn"


def with_master_secret(instance: Handler) -> Handler:
    """Adds the secret to the handler of `AWS::RDS::DBInstance`; the emulator has it for clusters
    only.

    Args:
        instance: the emulator's own handler.
    """

    def create(resource: Resource) -> Made:
        made = instance.create(resource)
        return _with_secret(resource, made, _create_secret(resource, made.identifier)) if _is_managed(resource.properties) else made

    def update(resource: Resource, identifier: str, old: Properties) -> Made:
        if instance.update is None:
            return create(resource)
        made = instance.update(resource, identifier, old)
        if not _is_managed(resource.properties):
            return made
        return _with_secret(resource, made, _find_secret(resource, identifier) or _create_secret(resource, identifier))

    def delete(resource: Resource, identifier: str) -> None:
        instance.delete(resource, identifier)
        name, secrets = _secret_name(identifier), resource.client("secretsmanager")
        call_unless_gone(lambda: secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True))

    return Handler(create=create, update=update, delete=delete)


def _is_managed(properties: Properties) -> bool:
    return str(properties.get("ManageMasterUserPassword", False)).lower() == "true"


def _secret_name(identifier: str) -> str:
    return f"rds!db-{identifier}"


def _create_secret(resource: Resource, identifier: str) -> str:
    secrets = resource.client("secretsmanager")
    user = resource.properties.get("MasterUsername", "admin")
    password = secrets.get_random_password(PasswordLength=32, ExcludePunctuation=True)["RandomPassword"]
    key = (resource.properties.get("MasterUserSecret") or {}).get("KmsKeyId")
    answer = secrets.create_secret(
        Name=_secret_name(identifier),
        Description=f"The secret associated with the primary RDS DB instance: {identifier}",
        SecretString=json.dumps({"username": user, "password": password}),
        **({"KmsKeyId": key} if key else {}),
    )
    return str(answer["ARN"])


def _find_secret(resource: Resource, identifier: str) -> str | None:
    secrets = resource.client("secretsmanager")
    try:
        return str(secrets.describe_secret(SecretId=_secret_name(identifier))["ARN"])
    except secrets.exceptions.ResourceNotFoundException:
        return None


def _with_secret(_resource: Resource, made: Made, arn: str) -> Made:
    return Made(identifier=made.identifier, attributes={**made.attributes, _ATTRIBUTE: arn})
