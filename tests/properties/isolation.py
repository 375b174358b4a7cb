"""Synthesis of the real application without network, credentials and caches."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT, feature_flags

ISOLATED = ["unshare", "--map-root-user", "--net"]
UNPACKED = Path.home() / ".cache" / "aws" / "jsii" / "package-cache"
"""Cache of unpacked jsii packages, by checksum. Unpacking takes twice as long as the synthesis."""


def synthesize(outdir: Path, environment: str) -> None:
    """Runs the real application without network, credentials, home folder or the CLI."""
    isolated = ISOLATED if can_cut_the_network() else []
    subprocess.run(
        [*isolated, sys.executable, "app.py"],
        cwd=ROOT,
        check=True,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(outdir.parent),
            "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(UNPACKED),
            "CDK_OUTDIR": str(outdir),
            "CDK_VALIDATION": "false",
            "CDK_CONTEXT_JSON": json.dumps({**feature_flags(), "env": environment}),
        },
    )


def can_cut_the_network() -> bool:
    """True on Linux if the kernel allows unprivileged network namespaces."""
    try:
        return subprocess.run([*ISOLATED, "true"], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def what_is_deployed(assembly: Path) -> set[Path]:
    """Files of an assembly except CDK's stack traces, which contain temporary paths of jsii."""
    files = {path.relative_to(assembly) for path in assembly.rglob("*") if path.is_file()}
    return {path for path in files if path.name != "validation-report.json" and not path.name.endswith(".metadata.json")}
