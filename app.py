#!/usr/bin/env python3
"""Spotmusic: `cdk synth -c env=dev`."""

import sys
from pathlib import Path

from stacks.app import main

if __name__ == "__main__":
    sys.exit(main(Path(__file__).parent / "environments"))
