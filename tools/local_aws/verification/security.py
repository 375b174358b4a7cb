"""Keys, secrets, parameters and roles."""

from collections.abc import Iterator

from tools.local_aws.verification.reading import Check, Reader, differs, named


def _key(reader: Reader) -> Iterator[str]:
    kms = reader.api("kms")
    state = kms.describe_key(KeyId=reader.id)["KeyMetadata"]["KeyState"]
    if state == "PendingDeletion":
        raise LookupError("pending deletion")
    yield from differs("KeyState", "Enabled", state)
    yield from reader.same("EnableKeyRotation", kms.get_key_rotation_status(KeyId=reader.id)["KeyRotationEnabled"])


def _alias(reader: Reader) -> Iterator[str]:
    pages = reader.api("kms").get_paginator("list_aliases").paginate()
    named([alias for page in pages for alias in page["Aliases"]], "AliasName", reader.id)
    yield from ()


def _secret(reader: Reader) -> Iterator[str]:
    secret = reader.api("secretsmanager").describe_secret(SecretId=reader.id)
    if "DeletedDate" in secret:
        raise LookupError("deleted")
    if reader.wanted("KmsKeyId") and not secret.get("KmsKeyId"):
        yield "is not encrypted with the key of the template"


def _rotation(reader: Reader) -> Iterator[str]:
    if not reader.api("secretsmanager").describe_secret(SecretId=reader.id).get("RotationEnabled"):
        raise LookupError("the secret does not rotate")
    yield from ()


def _secret_policy(reader: Reader) -> Iterator[str]:
    if not reader.api("secretsmanager").get_resource_policy(SecretId=reader.id).get("ResourcePolicy"):
        raise LookupError("the secret has no policy")
    yield from ()


def _parameter(reader: Reader) -> Iterator[str]:
    parameter = reader.api("ssm").get_parameter(Name=reader.id)["Parameter"]
    for name in ("Type", "Value"):
        yield from reader.same(name, parameter[name])


def _role(reader: Reader) -> Iterator[str]:
    iam = reader.api("iam")
    iam.get_role(RoleName=reader.id)
    attached = iam.list_attached_role_policies(RoleName=reader.id)["AttachedPolicies"]
    if len(attached) < len(reader.wanted("ManagedPolicyArns", [])):
        yield f"has {len(attached)} managed policies, the template says {len(reader.wanted('ManagedPolicyArns'))}"


def _managed_policy(reader: Reader) -> Iterator[str]:
    reader.api("iam").get_policy(PolicyArn=reader.id)
    yield from ()


def _service_linked_role(reader: Reader) -> Iterator[str]:
    reader.api("iam").get_role(RoleName=reader.id)
    yield from ()


CHECKS: dict[str, Check] = {
    "AWS::KMS::Key": _key,
    "AWS::KMS::Alias": _alias,
    "AWS::SecretsManager::Secret": _secret,
    "AWS::SecretsManager::RotationSchedule": _rotation,
    "AWS::SecretsManager::ResourcePolicy": _secret_policy,
    "AWS::SSM::Parameter": _parameter,
    "AWS::IAM::Role": _role,
    "AWS::IAM::ManagedPolicy": _managed_policy,
    "AWS::IAM::ServiceLinkedRole": _service_linked_role,
}
