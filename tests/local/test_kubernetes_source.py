"""Selection of the API server, and rejection of possibly real clusters."""

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.local_aws.emulator_settings import emulator_environment
from tools.local_aws.kubernetes import source
from tools.local_aws.kubernetes.disposable import require_disposable
from tools.local_aws.kubernetes.source import Credentials, Kubeconfig, NotDisposableError, Programs
from tools.local_aws.session import clean_environment
from tools.local_aws.workspace import Workspace

LOOPBACK = "https://127.0.0.1:6443"


def kubeconfig(folder: Path, *, server: str = LOOPBACK, **user: Any) -> Path:
    """Kubeconfig like kind's, with a client certificate unless another user is given."""
    encoded = base64.b64encode(b"pem").decode()
    document = {
        "current-context": "chosen",
        "contexts": [{"name": "other", "context": {}}, {"name": "chosen", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server, "certificate-authority-data": encoded}}],
        "users": [{"name": "u", "user": user or {"client-certificate-data": encoded, "client-key-data": encoded}}],
    }
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(document))
    return file


def programs(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).write_text("")
        (folder / name).chmod(0o755)
    return folder


def test_a_shell_without_either_offers_none() -> None:
    assert source.source({"PATH": "/bin"}) is None
    assert source.variables({"PATH": "/bin"}) == {}


def test_programs_come_before_a_cluster(tmp_path: Path) -> None:
    folder = programs(tmp_path, "etcd", "kube-apiserver")
    environment = {"KUBEBUILDER_ASSETS": str(folder), "KUBECONFIG": str(kubeconfig(tmp_path, server="https://cluster.example.com"))}
    assert source.source(environment) == Programs(folder=folder)
    assert "SPOTMUSIC_KUBECONFIG" not in source.variables(environment)


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotDisposableError, match="has no kube-apiserver"):
        source.source({"KUBEBUILDER_ASSETS": str(programs(tmp_path, "etcd"))})


def test_several_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotDisposableError, match="several files"):
        source.source({"KUBECONFIG": f"{tmp_path}/a:{tmp_path}/b"})


def test_a_client_certificate_is_read(tmp_path: Path) -> None:
    found = source.credentials_of(Kubeconfig(file=kubeconfig(tmp_path)))
    assert found == Credentials(server=LOOPBACK, authority="pem", certificate="pem", key="pem")


def test_files_are_looked_for_beside_the_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / "c.crt").write_text("certificate")
    (tmp_path / "c.key").write_text("key")
    file = kubeconfig(tmp_path, **{"client-certificate": "c.crt", "client-key": "c.key"})
    found = source.credentials_of(Kubeconfig(file=file))
    assert (found.certificate, found.key) == ("certificate", "key")


@pytest.mark.parametrize(
    "server",
    [
        "https://ABC.gr7.sa-east-1.eks.amazonaws.com",
        "https://10.0.0.1:6443",
        "https://localhost:6443",
        "https://0.0.0.0:6443",
        "",
        "127.0.0.1",
    ],
)
def test_remote_api_server_is_refused(tmp_path: Path, server: str) -> None:
    with pytest.raises(NotDisposableError, match="not a loopback address"):
        source.variables({"KUBECONFIG": str(kubeconfig(tmp_path, server=server))})


def test_credentials_of_a_program_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotDisposableError, match="neither a client certificate nor a token"):
        source.variables({"KUBECONFIG": str(kubeconfig(tmp_path, exec={"command": "aws"}))})


def test_emulator_environment_has_no_kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environment = {"KUBECONFIG": str(kubeconfig(tmp_path)), "SPOTMUSIC_CHARTS": "charts"}
    passed = {**clean_environment(environment), **source.variables(environment)}
    assert passed == {"SPOTMUSIC_KUBECONFIG": str(tmp_path / "kubeconfig"), "SPOTMUSIC_CHARTS": str(tmp_path / "charts")}
    assert source.source(passed) == Kubeconfig(file=tmp_path / "kubeconfig")


def test_pulled_charts_are_found_by_default(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assert "SPOTMUSIC_CHARTS" not in emulator_environment({}, workspace, port=1, region="sa-east-1")
    (tmp_path / ".charts").mkdir()
    assert emulator_environment({}, workspace, port=1, region="sa-east-1")["SPOTMUSIC_CHARTS"] == str(tmp_path / ".charts")
    named = emulator_environment({"SPOTMUSIC_CHARTS": str(tmp_path)}, workspace, port=1, region="sa-east-1")
    assert named["SPOTMUSIC_CHARTS"] == str(tmp_path)


class Cluster:
    """Stub of an API server with a version and nodes."""

    credentials = Credentials(server=LOOPBACK)

    def __init__(self, version: str, *providers: str) -> None:
        self._version, self._providers = version, providers

    def version(self) -> str:
        return self._version

    def items(self, _path: str) -> list[dict[str, Any]]:
        return [{"spec": {"providerID": provider}} for provider in self._providers]


@pytest.mark.parametrize(
    "cluster",
    [Cluster("v1.36.2-eks-1a2b3c4"), Cluster("v1.36.3", "aws:///sa-east-1a/i-0123456789abcdef0"), Cluster("v1.35.1-gke.1000")],
)
def test_a_cluster_behind_a_tunnel_is_refused(cluster: Any) -> None:
    with pytest.raises(NotDisposableError, match="behind a tunnel"):
        require_disposable(cluster)


@pytest.mark.parametrize(
    "cluster", [Cluster("v1.36.3"), Cluster("v1.36.3", "kind://docker/kind/kind-control-plane"), Cluster("v1.36.1+k3s1", "")]
)
def test_a_cluster_of_this_machine_is_accepted(cluster: Any) -> None:
    require_disposable(cluster)
