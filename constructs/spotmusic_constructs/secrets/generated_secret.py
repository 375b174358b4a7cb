"""A secret whose value nobody has seen."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge


@dataclass(frozen=True, kw_only=True)
class ManualRotation:
    """Who replaces a secret by hand, and until when.

    Args:
        owner: team that does it.
        before: day before which the value must have been replaced; move it on when that was done.
        runbook: document that tells how.
    """

    owner: str
    before: date
    runbook: str

    @property
    def reason(self) -> str:
        """The acknowledgement that an auditor reads."""
        return f"Replaced by hand by {self.owner} before {self.before.isoformat()}, as what it opens takes one at a time: {self.runbook}."


class GeneratedSecret(Construct):
    """A random password in Secrets Manager, under a customer-managed key.

    Creates the secret; its value is generated there and is in no template. It rotates: either by hand, which
    `manual_rotation` acknowledges with an owner and a date, or by a schedule that the construct that asked for the secret adds to
    `resource`. `secret` is a handle: grants on it write to the reader's side only and name this very ARN.

    Args:
        key: customer-managed key of the data class "secrets".
        description: what the secret opens.
        username: user whose password it is; the value is then `{"username": …, "password": …}`.
        fields: further fields of the value, such as host and port.
        generated_field: field of the generated password.
        length: characters of the password; 40 letters and digits are 238 bits.
        exclude_characters: characters that the engine or its configuration file cannot take. All punctuation when left out, so that the
            password can stand in a URL, a shell and a configuration file alike.
        manual_rotation: who replaces it by hand; none when a schedule is added.
        removal_policy: what happens to the secret when its stack goes.

    Example:
        admin = GeneratedSecret(
            self, "Admin", key=keys.secrets, description="Grafana administrator", username="admin", manual_rotation=by_hand
        )
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
            kms_key_id=key.key_arn,
            generate_secret_string=secretsmanager.CfnSecret.GenerateSecretStringProperty(
                # Only a value that CloudFormation resolves needs its tokens kept apart from the quotes.
                secret_string_template=cdk.Stack.of(self).to_json_string(template) if fields else json.dumps(template),
                generate_string_key=generated_field,
                password_length=length,
                exclude_punctuation=None if exclude_characters else True,
                exclude_characters=exclude_characters,
            ),
        )
        self.resource.apply_removal_policy(removal_policy)
        self.secret = secretsmanager.Secret.from_secret_complete_arn(self, "Handle", self.resource.ref)
        if manual_rotation:
            rotate_by_hand(self.resource, manual_rotation)


def rotate_by_hand(resource: secretsmanager.CfnSecret, rotation: ManualRotation) -> None:
    """Acknowledges that a secret has no schedule, and tags it with who replaces it before when."""
    tags = cdk.Tags.of(resource)
    tags.add("RotationOwner", rotation.owner)
    tags.add("RotateBefore", rotation.before.isoformat())
    acknowledge(
        resource,
        {
            "AwsSolutions::AwsSolutions-SMG4": rotation.reason,
            "NIST.800.53.R5::NIST.800.53.R5-SecretsManagerRotationEnabled": rotation.reason,
        },
    )
