"""Wheels of the checkout, built and installed once per session."""

import os
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

from tools.wheels import build


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Library and platform."""
    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def installed(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with both wheels installed, without their dependencies."""
    target = tmp_path_factory.mktemp("site")
    for wheel in wheels:
        ZipFile(wheel).extractall(target)  # as pip does with a wheel of plain Python
    return target


def run(
    command: list[str], installed: Path, folder: Path, **variables: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command with the wheels, in a folder outside of the checkout."""
    env = {**os.environ, "PYTHONPATH": str(installed), **variables}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
