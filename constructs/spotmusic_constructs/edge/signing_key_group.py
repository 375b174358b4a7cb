"""Public keys with which CloudFront verifies signed audio URLs."""

from collections.abc import Mapping

from aws_cdk import aws_cloudfront as cloudfront
from constructs import Construct

from spotmusic_constructs.json_text import json_text


class SigningKeyGroup(Construct):
    """CloudFront key group of at least two public keys, so that one can be replaced at a time.

    Creates a public key for each name and the group. `ids` is a JSON object from name to CloudFront
    id, in the given order. Signed URLs contain this id (`Key-Pair-Id`), which CloudFront generates,
    so signers must read it.

    A public key is immutable in CloudFront. Its logical id, name and caller reference derive from
    its name here, so a new name creates a new key: CloudFormation adds it, updates the group, and
    deletes removed keys last. CloudFront rejects a new PEM under an existing name;
    docs/runbooks/rotate-signing-keys.md describes the steps.

    Args:
        public_keys: PEM of each public key (RSA 2048 or ECDSA P-256) by name; two to five
            (CloudFront quota of a key group).

    Raises:
        ValueError: if there are fewer than two keys.

    Example:
        keys = {"first": first.public_key_pem, "second": second.public_key_pem}
        group = SigningKeyGroup(self, "SigningKeys", public_keys=keys)
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, public_keys: Mapping[str, str]
    ) -> None:
        super().__init__(scope, construct_id)
        if len(public_keys) < 2:
            raise ValueError(
                "A single signing key cannot be rotated without an outage. Use two or more keys."
            )

        keys = {
            name: cloudfront.PublicKey(self, name, encoded_key=pem, comment=name)
            for name, pem in public_keys.items()
        }
        self.key_group = cloudfront.KeyGroup(self, "KeyGroup", items=list(keys.values()))
        self.ids = json_text({name: key.public_key_id for name, key in keys.items()})
