"""Context and output of a synthesis."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk

FLAGS = Path(__file__).parents[1] / "cdk.json"
"""File with the feature flags of CDK; a wheel has it at the same place."""
TRACES = ("aws:cdk:disable-creation-stack-traces", "aws:cdk:disable-stack-trace")
"""Context without stack traces of constructs and warnings. The path of a resource identifies its
construct. The CLI rejects these keys in cdk.json."""
READ = 0o444
"""Mode by which every user may read a file."""


def own_context() -> dict[str, Any]:
    """Return the tested feature flags, without stack traces. A `cdk.json` of the app overrides
    them.
    """
    context: dict[str, Any] = json.loads(FLAGS.read_text())["context"]
    flags = {key: value for key, value in context.items() if key.startswith("@aws-cdk")}
    return {**dict.fromkeys(TRACES, True), **flags}


def write(app: cdk.App, stage: cdk.Stage) -> None:
    """Synthesize a stage, and then the application without it.

    With the stage, CDK would search its constructs for references again. The manifest has the
    warnings of the stage, which the CLI prints. Validators would find no constructs.
    """
    stage.synth()
    app.node.try_remove_child(stage.node.id)
    app.synth()


def make_readable(assembly: Path) -> None:
    """Allow every user to read the files of assets.

    The CLI keeps the modes of files in the archive of a function, and AWS Lambda cannot load code
    of a checkout or an installation with umask 027 or 077 (aws/aws-cdk issue 8233). The checksum of
    an asset excludes modes, so a later deployment would not replace the archive.

    Args:
        assembly: folder of the cloud assembly.
    """
    for file in filter(Path.is_file, assembly.glob("asset.*/**/*")):
        mode = file.stat().st_mode
        # Other file systems and other owners may refuse even an unchanged mode.
        if mode & READ != READ:
            file.chmod(mode | READ)
