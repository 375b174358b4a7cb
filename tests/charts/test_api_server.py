"""Charts on a real API server (`KUBEBUILDER_ASSETS`), which checks more than schemas."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.charts import api_server
from tests.charts.api_server import ApiServer
from tests.charts.excused import ON_THE_HOST
from tests.charts.order import AUTO_MODE
from tests.charts.upstream import definitions_of
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
    """Manifests of own charts. Definitions of custom resources need archives."""
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


def test_api_server_accepts_every_chart(server: ApiServer, whole: RenderedCluster) -> None:
    """Custom resources too: their definitions have rules that schemas cannot express."""
    everything = [manifest for _, manifest in whole.everything()]
    definitions = [m for m in everything if m["kind"] == "CustomResourceDefinition"]
    for release in whole.releases.values():
        if release.folder is None:
            definitions += definitions_of(release)
    server.apply(
        {definition["metadata"]["name"]: definition for definition in definitions}.values()
    )
    server.wait("customresourcedefinition", "Established")
    server.apply(manifest for manifest in everything if manifest["kind"] == "Namespace")
    defined = [m for m in everything if m["apiVersion"].rpartition("/")[0] not in AUTO_MODE]
    warnings = server.apply(defined, "--dry-run=server")
    assert len(re.findall(r"would violate PodSecurity", warnings)) == len(ON_THE_HOST), warnings


def test_api_server_applies_rules_of_definitions(
    server: ApiServer, rendered: Callable[[str], RenderedCluster]
) -> None:
    platform = rendered("prod")
    server.apply(platform.manifests["prometheus-operator-crds"])
    server.wait("customresourcedefinition", "Established")
    server.apply(manifest for _, manifest in platform.of_kind("Namespace"))
    ((_, prometheus),) = platform.of_kind("Prometheus")
    strategy = {"type": "OnDelete", "rollingUpdate": {"maxUnavailable": 1}}
    faulty = {**prometheus, "spec": {**prometheus["spec"], "updateStrategy": strategy}}
    with pytest.raises(AssertionError, match="rollingUpdate requires type"):
        server.apply([faulty], "--dry-run=server")
