"""Self-signed certificate for 127.0.0.1, and its key."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.local_aws.kubernetes.source import NotDisposableError

_DAYS = "30"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A certificate and its key, in files.

    Args:
        certificate: PEM file of the certificate with its authority.
        key: PEM file of the key.
    """

    certificate: Path
    key: Path


def made(folder: Path) -> Identity:
    """Creates a certificate and key with OpenSSL.

    Args:
        folder: folder for the files.

    Raises:
        NotDisposableError: if OpenSSL is not installed.
    """
    identity = Identity(certificate=folder / "proxy.crt", key=folder / "proxy.key")
    files = ["-keyout", str(identity.key), "-out", str(identity.certificate)]
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", _DAYS, *subject, *files]
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - constant but for our own folder
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotDisposableError(
            f"The proxy of a KUBECONFIG cluster needs a certificate from openssl: {error}. Add openssl to PATH."
        ) from error
    return identity
