"""Selection of the API server: programs to start, a disposable cluster, or none. Possibly real
clusters are rejected.
"""

import base64
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tools.local_aws.session import NotEmbeddedError

# Lambda functions would inherit `KUBECONFIG`, so the emulator gets another variable.
KUBECONFIG_VARIABLE = "SPOTMUSIC_KUBECONFIG"
CHARTS_VARIABLE = "SPOTMUSIC_CHARTS"
SCHEMAS_VARIABLE = "SPOTMUSIC_SCHEMAS"
ASSETS_VARIABLE = "KUBEBUILDER_ASSETS"


class NotDisposableError(NotEmbeddedError):
    """The cluster in the shell's environment could be a real one."""


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Administrator credentials of an API server.

    Args:
        server: its URL with a loopback address.
        authority: PEM certificates of its authority; empty for plain HTTP.
        certificate: PEM client certificate with its chain; None if a token is used.
        key: PEM key of the client certificate.
        token: bearer token; None if a certificate is used.
    """

    server: str
    authority: str = ""
    certificate: str | None = None
    key: str | None = None
    token: str | None = None


@dataclass(frozen=True, kw_only=True)
class Programs:
    """etcd and kube-apiserver, started for one emulator and deleted with it.

    Args:
        folder: folder of both.
    """

    folder: Path


@dataclass(frozen=True, kw_only=True)
class Kubeconfig:
    """Running cluster.

    Args:
        file: its kubeconfig.
    """

    file: Path


Source = Programs | Kubeconfig


def source(environment: Mapping[str, str]) -> Source | None:
    """Returns the API server of the environment; None without one. Programs come first: they can't
    be a real cluster.

    Args:
        environment: process environment, of the shell or of the emulator.

    Raises:
        NotDisposableError: if `KUBEBUILDER_ASSETS` lacks a program or `KUBECONFIG` names several
            files.
    """
    if folder := environment.get(ASSETS_VARIABLE):
        missing = [name for name in ("etcd", "kube-apiserver") if not os.access(Path(folder) / name, os.X_OK)]
        if missing:
            raise NotDisposableError(
                f"{ASSETS_VARIABLE}={folder} has no {' and no '.join(missing)}. Unset it, or set it to a folder with both."
            )
        return Programs(folder=Path(folder).resolve())
    named = environment.get(KUBECONFIG_VARIABLE) or environment.get("KUBECONFIG")
    if not named:
        return None
    if os.pathsep in named:
        raise NotDisposableError(f"KUBECONFIG={named} names several files. Set it to one file of a disposable cluster, or unset it.")
    return Kubeconfig(file=Path(named).expanduser().resolve())


def variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns the variables from which the emulator selects the same source.

    Args:
        environment: the shell's environment.

    Raises:
        NotDisposableError: if the shell names a cluster that could be real.
    """
    found = source(environment)
    folders = {name: str(Path(environment[name]).resolve()) for name in (CHARTS_VARIABLE, SCHEMAS_VARIABLE) if environment.get(name)}
    if isinstance(found, Kubeconfig):
        credentials_of(found)  # rejected here, where the user reads it
        return {**folders, KUBECONFIG_VARIABLE: str(found.file)}
    return folders


def pulled_charts(checkout: Path) -> dict[str, str]:
    """Returns the charts of `make charts` unless the environment names others.

    Args:
        checkout: folder of the CDK app.
    """
    folder = checkout / ".charts"
    return {CHARTS_VARIABLE: str(folder)} if folder.is_dir() else {}


def credentials_of(kubeconfig: Kubeconfig) -> Credentials:
    """Returns the credentials of a kubeconfig's current context.

    Args:
        kubeconfig: a kubeconfig with a client certificate or a token.

    Raises:
        NotDisposableError: if the server is not a loopback address, or if its credentials come from
            a program.
    """
    document = _read(kubeconfig.file)
    context = _named(document, "context", document.get("current-context"))
    cluster, user = _named(document, "cluster", context.get("cluster")), _named(document, "user", context.get("user"))
    server = require_loopback_server(str(cluster.get("server", "")))
    certificate, key = _pem(kubeconfig, user, "client-certificate"), _pem(kubeconfig, user, "client-key")
    token = user.get("token")
    if not token and not (certificate and key):
        raise NotDisposableError(
            f"{kubeconfig.file}: user {context.get('user')!r} has neither a client certificate nor a token.\n"
            "  Kind, k3d and minikube write a certificate. Programs that fetch credentials are rejected: they indicate a real cluster."
        )
    return Credentials(
        server=server, authority=_pem(kubeconfig, cluster, "certificate-authority") or "", certificate=certificate, key=key, token=token
    )


def require_loopback_server(server: str) -> str:
    """Returns the URL of an API server if its host is a loopback address.

    Args:
        server: URL of the kubeconfig.

    Raises:
        NotDisposableError: for every other host, and for names, which a resolver could map to any
            address.
    """
    parts = urlsplit(server)
    try:
        is_loopback = parts.hostname is not None and ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError:
        is_loopback = False
    if parts.scheme not in ("https", "http") or not is_loopback:
        raise NotDisposableError(
            f"KUBECONFIG leads to {server!r}, which is not a loopback address and could be a real cluster.\n"
            "  Unset KUBECONFIG, or set it to the file of a disposable cluster on this machine (https://127.0.0.1:…)."
        )
    return server


def _read(file: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(file.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise NotDisposableError(f"KUBECONFIG={file} can't be read: {error}") from error
    return document if isinstance(document, dict) else {}


def _named(document: dict[str, Any], kind: str, name: Any) -> dict[str, Any]:
    return next((entry.get(kind) or {} for entry in document.get(f"{kind}s") or [] if entry.get("name") == name), {})


def _pem(kubeconfig: Kubeconfig, entry: dict[str, Any], name: str) -> str | None:
    if data := entry.get(f"{name}-data"):
        return base64.b64decode(data).decode()
    if file := entry.get(name):
        return (kubeconfig.file.parent / str(file)).read_text()
    return None
