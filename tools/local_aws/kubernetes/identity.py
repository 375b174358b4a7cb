"""What a TLS server on loopback shows: a certificate for 127.0.0.1 that vouches for itself, and its key."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.local_aws.kubernetes.source import NotDisposableError

_DAYS = "30"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A certificate and its key, in files.

    Args:
        certificate: PEM file of the certificate and what vouches for it.
        key: PEM file of the key.
    """

    certificate: Path
    key: Path


def made(folder: Path) -> Identity:
    """Makes an identity with OpenSSL.

    Args:
        folder: where the files go.

    Raises:
        NotDisposableError: if OpenSSL is not there.
    """
    identity = Identity(certificate=folder / "door.crt", key=folder / "door.key")
    files = ["-keyout", str(identity.key), "-out", str(identity.certificate)]
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", _DAYS, *subject, *files]
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - constant but for our own folder
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotDisposableError(f"A cluster of KUBECONFIG needs openssl in PATH, for a certificate of its door: {error}") from error
    return identity
