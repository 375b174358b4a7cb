"""Checks of manually created secrets."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from tools.preflight.finding import Ask, Context, Finding, fix, ok, run, unless, verdict

PULL_FIELDS = frozenset({"username", "accessToken"})
"""Fields of a pull-through secret.

Source: Amazon ECR user guide, pull through cache rules, read 2026-11.
"""
MANAGED_KEY = "alias/aws/secretsmanager"


def secrets(context: Context) -> Iterator[Finding]:
    """Check each secret of the environment file, with key and fields of pull-through secrets."""
    client, settings = context.home("secretsmanager"), context.settings
    for key, arn in settings.named_secrets.items():
        name = arn.split(":secret:")[1][:-7]
        at = f"--region {settings.region}"
        secret = unless("ResourceNotFoundException", client.describe_secret, SecretId=arn)
        if secret is None:
            tags = " ".join(f"Key={k},Value={v}" for k, v in settings.identifying_tags.items())
            command = (
                f"aws secretsmanager create-secret {at} --name {name} --tags {tags} "
                "--secret-string '<JSON>' --query ARN; then set its ARN, which has a new suffix, "
                f"in environments/{settings.name}.yaml"
            )
            yield fix(f"secret {key}", f"{arn} does not exist", command)
            continue
        if secret.get("DeletedDate"):
            yield fix(
                f"secret {key}",
                "it is scheduled for deletion",
                f"aws secretsmanager restore-secret {at} --secret-id {arn}",
            )
            continue
        yield ok(f"secret {key}", name)
        if key.startswith("registry."):
            yield _key(key, arn, at, secret)
            yield from run({f"fields {key}": partial(_fields, key, arn)}, context)


def _key(key: str, arn: str, at: str, secret: dict[str, Any]) -> Finding:
    """Check the key of a pull-through secret; ECR requires the AWS managed key."""
    used = secret.get("KmsKeyId", MANAGED_KEY)
    own = used.endswith(MANAGED_KEY)
    command = f"aws secretsmanager update-secret {at} --secret-id {arn} --kms-key-id {MANAGED_KEY}"
    return verdict(
        f"key {key}",
        own,
        MANAGED_KEY if own else f"{used} instead of {MANAGED_KEY}, the only one that ECR accepts",
        command,
    )


def _fields(key: str, arn: str, context: Context) -> Iterator[Finding]:
    """Check the names of the fields, without storing or printing values."""
    text = context.home("secretsmanager").get_secret_value(SecretId=arn).get("SecretString", "")
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    found = set(value) if isinstance(value, dict) else set()
    missing = " and ".join(sorted(PULL_FIELDS - found))
    example = '{"username": "<user>", "accessToken": "<token>"}'
    command = (
        f"aws secretsmanager put-secret-value --region {context.settings.region} "
        f"--secret-id {arn} --secret-string '{example}'"
    )
    yield verdict(
        f"fields {key}",
        not missing,
        f"missing {missing}" if missing else "username and accessToken",
        command,
    )


CHECKS: dict[str, Ask] = {"secrets": secrets}
