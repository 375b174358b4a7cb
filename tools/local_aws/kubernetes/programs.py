"""etcd and kube-apiserver as two processes on loopback, without scheduler, kubelet or controllers."""

import http.client
import os
import secrets
import ssl
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tools.local_aws.kubernetes.identity import Identity
from tools.local_aws.kubernetes.source import Credentials, Programs
from tools.local_aws.ports import quiet_ports

_START_SECONDS = 120.0
_READY = 200
# Key pair for service account tokens. Nothing uses them here, but the server does not start without
# it.
_MAKE_KEY = (
    "process.stdout.write(require('crypto').generateKeyPairSync('rsa', {modulusLength: 2048}).privateKey.export"
    "({type: 'pkcs1', format: 'pem'}))"
)


class ApiServerError(Exception):
    """The API server ended or did not respond. The message names its log."""


@dataclass(frozen=True, kw_only=True)
class ApiServer:
    """API server of one emulator. It shares the emulator's process group and ends with it.

    Args:
        programs: folder of the programs.
        folder: folder of its data, certificates and logs. It is below the emulator's state folder
            and part of both command lines, by which `process.stop` recognizes them.
    """

    programs: Programs
    folder: Path

    def start(self) -> Credentials:
        """Starts both programs, waits until the server is ready, and returns administrator
        credentials.

        Raises:
            ApiServerError: if it is not ready within two minutes.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        client, peer, secure = quiet_ports(3)
        etcd = self._run("etcd", self._etcd_arguments(client, peer))
        token = secrets.token_hex(16)
        server = self._run("kube-apiserver", self._server_arguments(client, secure, token))
        self._wait(etcd, server, secure, token)
        return Credentials(server=f"https://127.0.0.1:{secure}", authority=self.identity.certificate.read_text(), token=token)

    @property
    def identity(self) -> Identity:
        """Certificate that the server generates at its start, and its key."""
        folder = self.folder / "certificates"
        return Identity(certificate=folder / "apiserver.crt", key=folder / "apiserver.key")

    def _etcd_arguments(self, client: int, peer: int) -> list[str]:
        own, others = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
        return [
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={own}",
            f"--advertise-client-urls={own}",
            f"--listen-peer-urls={others}",
            f"--initial-advertise-peer-urls={others}",
            f"--initial-cluster=default={others}",
        ]

    def _server_arguments(self, etcd: int, secure: int, token: str) -> list[str]:
        tokens, key = self.folder / "tokens.csv", self.folder / "service-accounts.pem"
        for file in (tokens, key):
            file.touch(mode=0o600)
        tokens.write_text(f"{token},administrator,administrator,system:masters\n")
        made = subprocess.run(["node", "-e", _MAKE_KEY], capture_output=True, check=True)  # noqa: S603, S607 - the checkout's own
        key.write_bytes(made.stdout)
        return [
            f"--etcd-servers=http://127.0.0.1:{etcd}",
            f"--cert-dir={self.folder / 'certificates'}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={secure}",
            "--anonymous-auth=false",
            "--authorization-mode=RBAC",
            # As in EKS: Pod Security decides about privileged pods.
            "--allow-privileged=true",
            f"--token-auth-file={tokens}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-cluster-ip-range=172.20.0.0/16",
            # No controller creates service accounts or counts quotas, and no pod serves a webhook.
            "--disable-admission-plugins=ServiceAccount,ResourceQuota,MutatingAdmissionWebhook,ValidatingAdmissionWebhook",
        ]

    def _run(self, name: str, arguments: list[str]) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{name}.log").open("w") as log:
            return subprocess.Popen(  # noqa: S603 - the user's own programs
                [str(self.programs.folder / name), *arguments],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ETCD_"))},
            )

    def _wait(self, etcd: "subprocess.Popen[bytes]", server: "subprocess.Popen[bytes]", port: int, token: str) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and etcd.poll() is None and server.poll() is None:
            if _is_ready(port, token):
                return
            time.sleep(0.2)
        for process in (server, etcd):
            process.terminate()
        name = "etcd" if etcd.returncode is not None else "kube-apiserver"
        log = self.folder / f"{name}.log"
        last = "\n".join("  " + line for line in log.read_text(errors="replace").splitlines()[-3:])
        raise ApiServerError(f"{self.programs.folder / name} did not become ready. Its log is {log}:\n{last}")


def _is_ready(port: int, token: str) -> bool:
    # The certificate does not exist before the start, so this request is unverified; its response
    # is not used.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=context)
    try:
        connection.request("GET", "/readyz", headers={"Authorization": f"Bearer {token}"})
        return connection.getresponse().status == _READY
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
