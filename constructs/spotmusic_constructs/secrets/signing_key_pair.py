"""RSA key pair that signs audio URLs."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from spotmusic_constructs import durations
from spotmusic_constructs.arns import key_arn, secret_handle
from spotmusic_constructs.secrets.generated_secret import (
    ManualRotation,
    rotate_by_hand,
    rotation_tags,
)
from spotmusic_constructs.secrets.signing_key_provider import SigningKeyProvider


class SigningKeyPair(Construct):
    """RSA key pair for CloudFront's signed URLs, created during deployment.

    Creates an empty secret and a custom resource that fills it with `{"key_name": …, "private_key":
    …}` (PKCS #8, PEM) once: updates, retries and deletion do not change the pair. To replace a key,
    add a pair with a new name, sign with it, and remove the old pair when its last URL has expired.

    `public_key_pem` is the input of CloudFront's `PublicKey`; `private_key` is a handle: grants
    change only the grantee's policy.

    Args:
        key_name: name of the pair, such as `first`; it is stored with the private key.
        key: customer-managed key of the data class "secrets".
        provider: function that creates the pair; one serves all pairs of a stack.
        manual_rotation: owner and due date of the replacement.
        removal_policy: policy of the secret when the stack is deleted.

    Example:
        first = SigningKeyPair(self, "First", key_name="first", key=keys.secrets, provider=provider,
                               manual_rotation=by_hand)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key_name: str,
        key: kms.IKey,
        provider: SigningKeyProvider,
        manual_rotation: ManualRotation,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id)

        # No value here: CloudFormation would overwrite the key when this resource changes.
        secret = secretsmanager.CfnSecret(
            self,
            "Secret",
            description=f"Private key {key_name} that signs audio URLs",
            kms_key_id=key_arn(key),
            tags=rotation_tags(manual_rotation),
        )
        secret.apply_removal_policy(removal_policy)
        rotate_by_hand(secret, manual_rotation)
        arn = secret.ref
        provider.admit(arn)

        pair = cdk.CustomResource(
            self,
            "KeyPair",
            resource_type="Custom::SigningKeyPair",
            service_token=provider.arn,
            service_timeout=durations.minutes(2),
            properties={"SecretArn": arn, "KeyName": key_name},
        )
        pair.node.add_dependency(*provider.rights.policies)

        self.key_name = key_name
        self.public_key_pem = pair.get_att_string("PublicKey")
        self.private_key = secret_handle(self, "Handle", arn)
