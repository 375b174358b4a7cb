"""Signed addresses of the audio library."""

import json
import time
from base64 import b64encode
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_pem_private_key

VALID_SECONDS = 300


def signed_address(domain: str, key: str, *, signing_key: str, key_pair_id: str) -> str:
    """Return an address of one object for a listener's player, valid for five minutes.

    Args:
        domain: `domain-name` below `AUDIO_PARAMETERS`.
        key: key of the object, which begins with `audio/`.
        signing_key: `AUDIO_SIGNING_KEY`.
        key_pair_id: id of `AUDIO_SIGNER` in `signing-keys` below `AUDIO_PARAMETERS`.
    """
    address, end = f"https://{domain}/{quote(key)}", int(time.time()) + VALID_SECONDS
    condition = {"DateLessThan": {"AWS:EpochTime": end}}
    # CloudFront builds the same text from address and expiry, so the text has no spaces.
    policy = json.dumps(
        {"Statement": [{"Resource": address, "Condition": condition}]}, separators=(",", ":")
    )
    private = load_pem_private_key(signing_key.encode(), password=None)
    assert isinstance(private, RSAPrivateKey)  # noqa: S101 - the platform creates RSA keys only
    signed = private.sign(policy.encode(), PKCS1v15(), SHA1())  # noqa: S303 - fixed by CloudFront
    signature = b64encode(signed)
    text = signature.translate(bytes.maketrans(b"+=/", b"-_~")).decode()
    return f"{address}?{urlencode({'Expires': end, 'Signature': text, 'Key-Pair-Id': key_pair_id})}"
