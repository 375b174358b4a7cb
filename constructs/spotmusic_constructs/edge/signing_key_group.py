"""The keys with which CloudFront verifies signed audio URLs."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_cloudfront as cloudfront
from constructs import Construct


class SigningKeyGroup(Construct):
    """A CloudFront key group of at least two public keys, so that one can be replaced while the other signs.

    Creates a public key per name and the group. `ids` is JSON, from name to id in the order given: a signed URL names its
    key by the id that CloudFront gave it (`Key-Pair-Id`), which nobody knows before it exists, so whoever signs has to
    read it somewhere.

    A public key is immutable in CloudFront. Its logical id, name and caller reference follow from its name here, so a
    new name makes a new key: CloudFormation adds it, changes the group, and deletes what left the group last. A new PEM
    under an old name is refused by CloudFront; docs/runbooks/rotate-signing-keys.md has the order of steps.

    Args:
        public_keys: PEM of each public key (RSA 2048 or ECDSA P-256) by its name; two to five (CloudFront quota of a key group).

    Raises:
        ValueError: fewer than two keys.

    Example:
        keys = {"first": first.public_key_pem, "second": second.public_key_pem}
        group = SigningKeyGroup(self, "SigningKeys", public_keys=keys)
    """

    def __init__(self, scope: Construct, construct_id: str, *, public_keys: Mapping[str, str]) -> None:
        super().__init__(scope, construct_id)
        if len(public_keys) < 2:
            raise ValueError("One signing key cannot be replaced without refusing every listener for a while. Give two or more.")

        keys = {name: cloudfront.PublicKey(self, name, encoded_key=pem, comment=name) for name, pem in public_keys.items()}
        self.key_group = cloudfront.KeyGroup(self, "KeyGroup", items=list(keys.values()))
        self.ids = cdk.Stack.of(self).to_json_string({name: key.public_key_id for name, key in keys.items()})
