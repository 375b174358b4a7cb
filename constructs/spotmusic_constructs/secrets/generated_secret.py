"""Secret with a generated value."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge
from spotmusic_constructs.arns import key_arn, secret_handle
from spotmusic_constructs.json_text import json_text


@dataclass(frozen=True, kw_only=True)
class ManualRotation:
    """Owner and due date of a manual rotation.

    Args:
        owner: team that replaces the secret.
        before: due date of the replacement; move it after each one.
        runbook: document with the steps.
    """

    owner: str
    before: date
    runbook: str

    @property
    def reason(self) -> str:
        """Reason of the acknowledgement."""
        return (
            f"Replaced by hand by {self.owner} before {self.before.isoformat()}, "
            f"because its consumer accepts one value at a time: {self.runbook}."
        )


class GeneratedSecret(Construct):
    """Random password in Secrets Manager, encrypted with a customer-managed key.

    Creates the secret; Secrets Manager generates its value, which no template contains. It is
    rotated by hand, which `manual_rotation` acknowledges with an owner and a date, or by a schedule
    that the calling construct adds to `resource`. `secret` is a handle: grants change only the
    grantee's policy and name its exact ARN.

    Args:
        key: customer-managed key of the data class "secrets".
        description: purpose of the secret.
        username: user of the password; the value is then `{"username": …, "password": …}`.
        fields: further fields of the value, such as host and port.
        generated_field: field of the generated password.
        length: characters of the password; 40 letters and digits are 238 bits.
        exclude_characters: characters that the engine or its configuration file rejects. Default:
            all punctuation, so that the password is valid in a URL, a shell and a configuration
            file.
        manual_rotation: owner and date of manual rotation. None if a schedule rotates it.
        removal_policy: policy of the secret when the stack is deleted.

    Example:
        admin = GeneratedSecret(self, "Admin", key=keys.secrets,
                                description="Grafana administrator", username="admin",
                                manual_rotation=by_hand )
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        description: str,
        username: str | None = None,
        fields: Mapping[str, str] | None = None,
        generated_field: str = "password",
        length: int = 40,
        exclude_characters: str | None = None,
        manual_rotation: ManualRotation | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id)
        template = {**({"username": username} if username else {}), **(fields or {})}

        self.resource = secretsmanager.CfnSecret(
            self,
            "Resource",
            description=description,
            kms_key_id=key_arn(key),
            generate_secret_string=secretsmanager.CfnSecret.GenerateSecretStringProperty(
                # Secrets Manager generates a new password if this text changes, even in its spaces.
                secret_string_template=json_text(template) if fields else json.dumps(template),
                generate_string_key=generated_field,
                password_length=length,
                exclude_punctuation=None if exclude_characters else True,
                exclude_characters=exclude_characters,
            ),
            tags=rotation_tags(manual_rotation) if manual_rotation else None,
        )
        self.resource.apply_removal_policy(removal_policy)
        self.arn = self.resource.ref
        if manual_rotation:
            rotate_by_hand(self.resource, manual_rotation)

    @cached_property
    def secret(self) -> secretsmanager.ISecret:
        """Handle of the secret."""
        return secret_handle(self, "Handle", self.arn)


def rotation_tags(rotation: ManualRotation) -> list[cdk.CfnTag]:
    """Return the tags of a secret with owner and due date of its rotation."""
    return [
        cdk.CfnTag(key="RotationOwner", value=rotation.owner),
        cdk.CfnTag(key="RotateBefore", value=rotation.before.isoformat()),
    ]


def rotate_by_hand(resource: secretsmanager.CfnSecret, rotation: ManualRotation) -> None:
    """Acknowledge that a secret has no schedule."""
    acknowledge(
        resource,
        {
            "AwsSolutions::AwsSolutions-SMG4": rotation.reason,
            "NIST.800.53.R5::NIST.800.53.R5-SecretsManagerRotationEnabled": rotation.reason,
        },
    )
