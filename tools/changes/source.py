"""Sources of templates: checkout, git ref, cloud assembly, embedded AWS, or AWS account."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from tools.local_aws.workspace import Workspace
from tools.model.stacks import SourceError, platform_in, stacks_in
from tools.model.templates import Templates, read

ACCOUNT, LOCAL = "account", "local"
NO_DIFFERENCE = "Number of stacks with differences: 0"
"""Last line of `cdk diff` without differences."""
_CONFIG = Config(
    connect_timeout=5, read_timeout=60, retries={"mode": "standard", "max_attempts": 3}
)


_NEVER_DEPLOYED = frozenset(
    {"REVIEW_IN_PROGRESS", "CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}
)
"""States of a stack with only a change set, or after a failed first deployment: the CDK creates it
again (AWS CloudFormation API reference, Stack, read 2026-11)."""
_OF_A_FOLDER = """
import sys
from pathlib import Path
from stacks.app import main
sys.exit(main(Path(sys.argv[1])))
"""
"""Application of a given folder. setup.py rewrites imports only at the start of a line."""


@contextmanager
def synthesized(
    checkout: Path, environment: str, *, environments: Path | None = None
) -> Iterator[Path]:
    """Synthesize one environment of a checkout into a temporary cloud assembly.

    Args:
        checkout: folder with `app.py`.
        environment: name of an environment file.
        environments: folder of the file; default: that of `app.py`.

    Raises:
        SourceError: if the application fails.
    """
    context = {
        **json.loads((checkout / "cdk.json").read_text())["context"],
        "env": environment,
        "validation": False,
    }
    python = os.pathsep.join(map(str, (checkout, checkout / "constructs")))
    with tempfile.TemporaryDirectory() as folder:
        variables = {
            "CDK_OUTDIR": folder,
            "CDK_CONTEXT_JSON": json.dumps(context),
            "CDK_VALIDATION": "false",
            "PYTHONPATH": python,
        }
        command = ["-c", _OF_A_FOLDER, str(environments)] if environments else ["app.py"]
        done = subprocess.run(  # noqa: S603 (our own interpreter)
            [sys.executable, "-OO", *command],
            cwd=checkout,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SourceError(
                f"{environment} cannot be synthesized in {checkout.name or checkout}:\n"
                f"{done.stderr.strip()[-2000:]}"
            )
        yield platform_in(Path(folder))


@contextmanager
def of_ref(checkout: Path, ref: str, environment: str) -> Iterator[Path]:
    """Synthesize one environment at a git ref, with the currently installed packages.

    Raises:
        SourceError: if git is missing, the ref does not exist, or its application fails.
    """
    if shutil.which("git") is None:
        raise SourceError(
            f"{ref} needs git, which is not in PATH. Install it, or use a folder of `cdk synth`."
        )
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(  # noqa: S603
            ["git", "archive", "--format=zip", ref],  # noqa: S607
            cwd=checkout,
            capture_output=True,
            check=False,
        )
        if archive.returncode != 0:
            reason = os.fsdecode(archive.stderr).strip().rpartition("fatal: ")[2]
            advice = (
                f"Use `{ACCOUNT}`, `{LOCAL}`, a folder of `cdk synth`, or a git ref; "
                "`git fetch --unshallow` fetches those that a shallow clone lacks."
            )
            raise SourceError(f"{ref}: no folder, and git refuses it: {reason}. {advice}")
        ZipFile(BytesIO(archive.stdout)).extractall(folder)
        if not Path(folder, "environments", f"{environment}.yaml").exists():
            raise SourceError(
                f"{ref} has no environments/{environment}.yaml: all of {environment} is new. "
                "Compare with its former name."
            )
        with synthesized(Path(folder), environment) as assembly:
            yield assembly


def deployed(assembly: Path) -> Templates:
    """Read the deployed templates of an assembly's stacks from an account.

    The required rights are cloudformation:DescribeStacks and cloudformation:GetTemplate.

    Raises:
        SourceError: if the request fails, or the account has none of the stacks.
    """
    found: Templates = {}
    for id_, stack in stacks_in(assembly).items():
        client = boto3.client("cloudformation", region_name=stack.region, config=_CONFIG)
        try:
            state = client.describe_stacks(StackName=stack.name)["Stacks"][0]["StackStatus"]
            if state in _NEVER_DEPLOYED:
                continue
            body = client.get_template(StackName=stack.name, TemplateStage="Original")[
                "TemplateBody"
            ]
        except ClientError as error:
            if "does not exist" in str(error):
                continue
            raise SourceError(
                f"{stack.name} in {stack.region} cannot be read: {error}. "
                f"Log in to account {stack.account}."
            ) from None
        if isinstance(body, str):
            raise SourceError(
                f"{stack.name} in {stack.region} was last deployed from YAML, and not by the CDK. "
                "Deploy it with the CDK from the commit that it had, then compare."
            )
        found[id_] = read(json.dumps(body), stack.account)
    if not found:
        raise SourceError(
            "None of the stacks is deployed in this account. "
            "Log in to the account of the environment."
        )
    return found


def local_assemblies(checkout: Path) -> tuple[Path, Path]:
    """Return the assembly in the embedded AWS and the one that `make diff` synthesized for it.

    Raises:
        SourceError: if an assembly is missing.
    """
    workspace = Workspace(checkout)
    needed = (workspace.assembly, workspace.next_assembly, workspace.differences)
    if not all(path.exists() for path in needed):
        raise SourceError(
            "The embedded AWS has no assembly to compare. "
            "Start it with `make local`, then run `make diff`."
        )
    return platform_in(workspace.assembly), platform_in(workspace.next_assembly)
