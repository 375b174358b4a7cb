"""Disposable API server: etcd and kube-apiserver of `KUBEBUILDER_ASSETS`, without controllers."""

import json
import os
import secrets
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.engines import programs
from tests.engines.ports import quiet_ports
from tools.model.values import Json
from tools.supply_chain.kubectl_layer import program

MAKE_KEY = (
    "process.stdout.write(require('crypto').generateKeyPairSync('rsa', {modulusLength: "
    "2048}).privateKey.export({type: 'pkcs1', format: 'pem'}))"
)
"""Key of service account tokens. The server does not start without a key."""


@dataclass(frozen=True)
class ApiServer:
    """kubectl of the pinned layer with administrator credentials of one API server."""

    kubectl: Path
    kubeconfig: Path

    def apply(self, manifests: Iterable[Json], *arguments: str) -> str:
        """Apply manifests on the server's side, as Helm 4 does. Return the warnings.

        Raises:
            AssertionError: if the server rejects a manifest.
        """
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})
        done = self._run(
            "apply", "--server-side", "--validate=strict", *arguments, "--filename=-", text=text
        )
        assert done.returncode == 0, done.stderr
        return done.stderr

    def wait(self, kind: str, condition: str) -> None:
        """Wait until all objects of a kind have a condition."""
        done = self._run("wait", f"--for=condition={condition}", kind, "--all")
        assert done.returncode == 0, done.stderr

    def is_ready(self) -> bool:
        return self._run("get", "--raw=/readyz").returncode == 0

    def _run(self, *arguments: str, text: str = "") -> "subprocess.CompletedProcess[str]":
        command = [
            str(self.kubectl),
            f"--kubeconfig={self.kubeconfig}",
            "--request-timeout=60s",
            *arguments,
        ]
        return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


@contextmanager
def running(assets: Path) -> Iterator[ApiServer]:
    """Start both programs on loopback and stop them at the end.

    Args:
        assets: folder of `etcd` and `kube-apiserver`.
    """
    variables = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ETCD_"))
    }
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="api-server-")))
        etcd, peer, port = quiet_ports(3)
        server = ApiServer(
            program("kubectl"), _kubeconfig(folder, port, token := secrets.token_hex(16))
        )
        # The API server ends without etcd.
        stack.enter_context(
            programs.running(
                [str(assets / "etcd"), *_etcd(folder, etcd, peer)], folder / "etcd.log", variables
            )
        )
        log, command = (
            folder / "kube-apiserver.log",
            [str(assets / "kube-apiserver"), *_api_server(folder, etcd, port, token)],
        )
        process = stack.enter_context(programs.running(command, log, variables))
        programs.wait_until(server.is_ready, "the API server is ready", log, process)
        yield server


def _kubeconfig(folder: Path, port: int, token: str) -> Path:
    """Return a kubeconfig without verification, because the server creates its certificate at its
    start.
    """
    file = folder / "kubeconfig"
    file.touch(mode=0o600)
    cluster = {"server": f"https://127.0.0.1:{port}", "insecure-skip-tls-verify": True}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "test", "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
    }
    file.write_text(json.dumps(config))
    return file


def _etcd(folder: Path, client: int, peer: int) -> list[str]:
    return [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls=http://127.0.0.1:{client}",
        f"--advertise-client-urls=http://127.0.0.1:{client}",
        f"--listen-peer-urls=http://127.0.0.1:{peer}",
        f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
        f"--initial-cluster=default=http://127.0.0.1:{peer}",
    ]


def _api_server(folder: Path, etcd: int, port: int, token: str) -> list[str]:
    tokens, key = folder / "tokens.csv", folder / "service-accounts.pem"
    for file in (tokens, key):
        file.touch(mode=0o600)
    tokens.write_text(f"{token},administrator,administrator,system:masters\n")
    made = subprocess.run(["node", "-e", MAKE_KEY], capture_output=True, check=True)  # noqa: S607
    key.write_bytes(made.stdout)
    return [
        f"--etcd-servers=http://127.0.0.1:{etcd}",
        f"--cert-dir={folder / 'certificates'}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        "--anonymous-auth=false",
        "--authorization-mode=RBAC",
        "--allow-privileged=true",  # as in EKS, where Pod Security decides
        f"--token-auth-file={tokens}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        "--service-cluster-ip-range=172.20.0.0/16",
        # No controller creates service accounts or counts quotas, and no pod serves a webhook.
        "--disable-admission-plugins=ServiceAccount,ResourceQuota,"
        "MutatingAdmissionWebhook,ValidatingAdmissionWebhook",
    ]
