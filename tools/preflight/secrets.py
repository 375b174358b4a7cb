"""Checks of manually created secrets."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from tools.preflight.finding import Check, Context, Finding, error_code, fix, ok, run

PULL_FIELDS = frozenset({"username", "accessToken"})
"""Fields of a pull-through secret (Amazon ECR user guide, pull through cache rules, read 2026-11).
"""
MANAGED_KEY = "alias/aws/secretsmanager"


def secrets(context: Context) -> Iterator[Finding]:
    """Checks each secret of the environment file; for pull-through secrets also key and fields."""
    client, settings = context.home("secretsmanager"), context.settings
    for key, arn in settings.named_secrets.items():
        name = arn.split(":secret:")[1][:-7]
        at = f"--region {settings.region}"
        try:
            secret = client.describe_secret(SecretId=arn)
        except ClientError as error:
            if error_code(error) != "ResourceNotFoundException":
                raise
            yield fix(
                f"secret {key}", f"{arn} does not exist", f"aws secretsmanager create-secret {at} --name {name} --secret-string '<JSON>'"
            )
            continue
        if secret.get("DeletedDate"):
            yield fix(f"secret {key}", "it is scheduled for deletion", f"aws secretsmanager restore-secret {at} --secret-id {arn}")
            continue
        yield ok(f"secret {key}", name)
        if key.startswith("registry."):
            yield _key(key, arn, at, secret)
            yield from run([Check(name=f"fields {key}", ask=partial(_fields, key, arn))], context)


def _key(key: str, arn: str, at: str, secret: dict[str, Any]) -> Finding:
    """Checks the key of a pull-through secret: ECR requires the AWS managed key."""
    used = secret.get("KmsKeyId", MANAGED_KEY)
    if used.endswith(MANAGED_KEY):
        return ok(f"key {key}", MANAGED_KEY)
    command = f"aws secretsmanager update-secret {at} --secret-id {arn} --kms-key-id {MANAGED_KEY}"
    return fix(f"key {key}", f"{used} instead of {MANAGED_KEY}, the only one that ECR accepts", command)


def _fields(key: str, arn: str, context: Context) -> Iterator[Finding]:
    """Checks the names of the fields, without storing or printing values."""
    text = context.home("secretsmanager").get_secret_value(SecretId=arn).get("SecretString", "")
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    found = set(value) if isinstance(value, dict) else set()
    if found >= PULL_FIELDS:
        yield ok(f"fields {key}", "username and accessToken")
        return
    example = '{"username": "<user>", "accessToken": "<token>"}'
    command = f"aws secretsmanager put-secret-value --region {context.settings.region} --secret-id {arn} --secret-string '{example}'"
    yield fix(f"fields {key}", f"missing {' and '.join(sorted(PULL_FIELDS - found))}", command)


CHECKS = (Check(name="secrets", ask=secrets),)
