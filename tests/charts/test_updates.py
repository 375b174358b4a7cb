"""Updates of upstream charts from the last release: fields that Kubernetes refuses to change."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.charts.upstream import manifests_of
from tests.charts.validation import name_of
from tools.model.cluster import Release, RenderedCluster
from tools.model.templates import RELEASE
from tools.model.values import Json
from tools.releases import ENVIRONMENTS, previous

MUTABLE = {
    "minReadySeconds",
    "ordinals",
    "persistentVolumeClaimRetentionPolicy",
    "replicas",
    "revisionHistoryLimit",
    "template",
    "updateStrategy",
}
"""Fields of a StatefulSet that an update may change; the API server refuses every other one."""
FIXED = {
    "ClusterRoleBinding": ("roleRef",),
    "DaemonSet": ("selector",),
    "Deployment": ("selector",),
    "Job": ("completionMode", "selector", "template"),
    "RoleBinding": ("roleRef",),
    "Secret": ("type",),
    "Service": ("clusterIP",),
    "StorageClass": ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"),
}
"""Fields of other kinds that no update may change (Kubernetes, API reference and validation)."""

PREPARED = {
    "StatefulSet keycloak/keycloak: podManagementPolicy": (
        "0.1.0 has OrderedReady. CHANGELOG has the command before the deployment"
    )
}
"""Changes that the next release announces with a step before the deployment."""


def fixed(manifest: Json) -> dict[str, Any]:
    """Return the fields of a manifest that an update may not change."""
    if "helm.sh/hook" in (manifest["metadata"].get("annotations") or {}):
        return {}  # Helm deletes hooks before it creates them again
    fields = {**manifest, **(manifest.get("spec") or {})}
    if manifest["kind"] == "StatefulSet":
        return {key: value for key, value in manifest["spec"].items() if key not in MUTABLE}
    return {key: fields.get(key) for key in FIXED.get(manifest["kind"], ())}


def refused(before: list[Json], now: list[Json]) -> Iterator[str]:
    """Yield each object and its field that an update would change in vain."""
    deployed = {name_of(manifest): fixed(manifest) for manifest in before}
    for manifest in now:
        there, wanted = deployed.get(name_of(manifest), {}), fixed(manifest)
        if there:
            yield from (
                f"{name_of(manifest)}: {key}"
                for key in sorted({*there, *wanted})
                if there.get(key) != wanted.get(key)
            )


def last_releases(environment: str) -> Iterator[Release]:
    """Yield the releases of upstream charts in the templates of the last release."""
    platform = RenderedCluster(environment, previous(environment), releases={}, manifests={})
    for stack, _, resource in platform.resources(RELEASE):
        if "Chart" in resource["Properties"]:
            values = json.loads(platform.text(stack, resource["Properties"]["Values"]))
            yield Release(stack, resource, values, folder=None)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_update_changes_no_fixed_field(
    rendered: Callable[[str], RenderedCluster], environment: str
) -> None:
    now = rendered(environment).manifests
    found = [
        field
        for release in last_releases(environment)
        for field in refused(manifests_of(release), now.get(release.name, []))
    ]
    assert found == list(PREPARED)


def test_changed_fixed_fields_are_found(rendered: Callable[[str], RenderedCluster]) -> None:
    manifests = rendered("prod").manifests["redpanda"]
    changed = copy.deepcopy(manifests)
    for manifest in changed:
        if manifest["kind"] == "StatefulSet":
            manifest["spec"]["volumeClaimTemplates"][0]["spec"]["storageClassName"] = "gp2"
            manifest["spec"]["template"]["spec"]["serviceAccountName"] = "another"
        if manifest["kind"] == "RoleBinding":
            manifest["roleRef"]["name"] = "another"
        if manifest["kind"] == "Job":
            manifest["spec"]["template"]["spec"]["serviceAccountName"] = "another"
    assert sorted({field.partition(": ")[2] for field in refused(manifests, changed)}) == [
        "roleRef",
        "volumeClaimTemplates",
    ]
