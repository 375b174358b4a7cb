"""Synthesis of each environment, with the validator and the policy packs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from spotmusic_cdk.settings import environments_in

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = environments_in(ROOT / "environments")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_environment_synthesizes(environment: str, tmp_path: Path) -> None:
    variables = {
        "CDK_OUTDIR": str(tmp_path),
        "CDK_CONTEXT_JSON": json.dumps({"env": environment, "validation": True}),
    }
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(tmp_path.glob(f"assembly-{environment}/*.template.json"))) >= 8
