"""Own charts on a real API server (`KUBEBUILDER_ASSETS`), which checks more than schemas."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.charts import api_server
from tests.charts.api_server import ApiServer
from tests.charts.validation import is_core
from tools.model.cluster import RenderedCluster
from tools.model.values import Json

ASSETS = os.environ.get("KUBEBUILDER_ASSETS", "")

pytestmark = pytest.mark.skipif(
    not ASSETS,
    reason=(
        "no API server is available. Set KUBEBUILDER_ASSETS to the folder of etcd and "
        "kube-apiserver"
    ),
)


@pytest.fixture(scope="module")
def server() -> Iterator[ApiServer]:
    with api_server.running(Path(ASSETS)) as server:
        yield server


@pytest.fixture
def manifests(known: RenderedCluster) -> list[Json]:
    """Manifests of own charts, without custom resources, which `test_validity.py` checks: no
    operator defines them here.
    """
    own = [
        manifest
        for release in known.releases.values()
        if release.folder
        for manifest in known.manifests[release.name]
    ]
    return [manifest for manifest in own if is_core(manifest)]


def test_api_server_accepts_own_charts(server: ApiServer, manifests: list[Json]) -> None:
    server.apply(manifest for manifest in manifests if manifest["kind"] == "Namespace")
    warnings = server.apply(manifests, "--dry-run=server")
    assert re.findall(r"would violate PodSecurity.*", warnings) == []


def test_namespace_rejects_privileged_pod(server: ApiServer, manifests: list[Json]) -> None:
    server.apply(manifest for manifest in manifests if manifest["kind"] == "Namespace")
    container = {"name": "main", "image": "busybox", "securityContext": {"privileged": True}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "intruder", "namespace": "kong"},
        "spec": {"containers": [container]},
    }
    with pytest.raises(AssertionError, match='violates PodSecurity "restricted'):
        server.apply([pod], "--dry-run=server")
