"""StorageClass of the chart `ground`, rendered against an API server with and without one."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.serving import serving
from tools.checkout import ROOT
from tools.model.helm import manifests_in
from tools.model.values import Json
from tools.supply_chain.kubectl_layer import program

GROUP = "storage.k8s.io/v1"
CLASSES = {
    "name": "storageclasses",
    "singularName": "storageclass",
    "namespaced": False,
    "kind": "StorageClass",
    "verbs": ["get"],
}
NOTHING_BUT_CLASSES: Mapping[str, Json] = {
    "/version": {"major": "1", "minor": "36", "gitVersion": "v1.36.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": []},
    "/apis": {
        "kind": "APIGroupList",
        "groups": [
            {"name": "storage.k8s.io", "versions": [{"groupVersion": GROUP, "version": "v1"}]}
        ],
    },
    f"/apis/{GROUP}": {"kind": "APIResourceList", "groupVersion": GROUP, "resources": [CLASSES]},
}
"""Discovery responses that Helm requests before a `lookup`."""
OURS = {
    "name": "gp3",
    "labels": {"app.kubernetes.io/managed-by": "Helm"},
    "annotations": {
        "meta.helm.sh/release-name": "ground",
        "meta.helm.sh/release-namespace": "default",
    },
}
"""Metadata of Helm's resources, which Helm requires before an update."""
VALUES = {
    "storageClass": {"name": "gp3", "key": "arn:key", "reclaimPolicy": "Delete"},
    "tags": {"Project": "spotmusic", "CostCenter": "streaming"},
}


@contextmanager
def api_server(answers: Mapping[str, Json]) -> Iterator[str]:
    """Serve `answers` by path on loopback. Yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(self.path.partition("?")[0])
            body = json.dumps(
                found or {"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}
            ).encode()
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_address[1]}"


@pytest.fixture
def storage_class(tmp_path: Path) -> Callable[[Json | None], Json]:
    """Released class, as a function of the fields of the existing class."""
    chart = tmp_path / "storage"
    shutil.copytree(ROOT / "charts" / "ground", chart, ignore=shutil.ignore_patterns("values*"))
    for template in (chart / "templates").iterdir():
        if template.name != "storage.yaml":
            template.unlink()

    def released(existing: Json | None) -> Json:
        found = {
            "apiVersion": GROUP,
            "kind": "StorageClass",
            "metadata": OURS,
            "provisioner": "any",
            **(existing or {}),
        }
        answers = (
            NOTHING_BUT_CLASSES
            if existing is None
            else {**NOTHING_BUT_CLASSES, f"/apis/{GROUP}/storageclasses/gp3": found}
        )
        with api_server(answers) as address:
            command = [
                str(program("helm")),
                "template",
                "ground",
                str(chart),
                "--dry-run=server",
                "--disable-openapi-validation",
                "--values",
                "-",
            ]
            # Prevents the use of the developer's kubeconfig.
            done = subprocess.run(
                [*command, "--kube-apiserver", address],
                input=json.dumps(VALUES),
                capture_output=True,
                text=True,
                check=False,
                env={"HOME": str(tmp_path), "KUBECONFIG": "/dev/null"},
            )
        assert not done.returncode, done.stderr
        (rendered,) = manifests_in(done.stdout)
        return dict(rendered)

    return released


@pytest.fixture
def parameters(storage_class: Callable[[Json | None], Json]) -> Callable[[Json | None], Json]:
    """Parameters of the released class, as a function of those of the existing class."""
    return lambda existing: dict(
        storage_class(None if existing is None else {"parameters": existing})["parameters"]
    )


def tags(parameters: Json) -> Json:
    return {name: text for name, text in parameters.items() if name.startswith("tagSpecification")}


def test_new_storage_class_has_environment_tags(parameters: Callable[[Json | None], Json]) -> None:
    assert tags(parameters(None)) == {
        "tagSpecification_1": "CostCenter=streaming",
        "tagSpecification_2": "Project=spotmusic",
    }


def test_untagged_storage_class_stays_untagged(parameters: Callable[[Json | None], Json]) -> None:
    existing = {
        "type": "gp3",
        "encrypted": "true",
        "kmsKeyId": "arn:key",
        "csi.storage.k8s.io/fstype": "xfs",
    }
    assert parameters(existing) == existing


def test_existing_storage_class_keeps_tags(parameters: Callable[[Json | None], Json]) -> None:
    before = {"tagSpecification_1": "CostCenter=radio", "tagSpecification_2": "Project=spotmusic"}
    assert tags(parameters({"type": "gp3", **before})) == before


def test_storage_class_leaves_changes_to_kubernetes(
    parameters: Callable[[Json | None], Json],
) -> None:
    assert parameters({"type": "io2", "encrypted": "false"})["encrypted"] == "true"


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        (None, "Delete"),
        ({"reclaimPolicy": "Retain"}, "Retain"),
        ({"reclaimPolicy": "Delete"}, "Delete"),
    ],
)
def test_existing_storage_class_keeps_reclaim_policy(
    storage_class: Callable[[Json | None], Json], existing: Json | None, expected: str
) -> None:
    assert storage_class(existing)["reclaimPolicy"] == expected
