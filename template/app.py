#!/usr/bin/env python3
"""Platform: `cdk synth -c env=dev`."""

import sys
from pathlib import Path

from spotmusic_cdk.stacks.app import main

if __name__ == "__main__":
    sys.exit(main(Path(__file__).parent / "environments"))
