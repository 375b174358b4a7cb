"""Layers at /opt, with and without permission to mount."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools.local_aws.lambda_layers import can_mount_privately, with_layers


@pytest.fixture
def worker(tmp_path: Path) -> tuple[Path, list[Path]]:
    """Function that runs /opt/bin/tool, and two layers with that file, unpacked without modes like
    in the emulator.
    """
    code = tmp_path / "code"
    code.mkdir()
    (code / "index.py").write_text(
        "import subprocess, sys\nprint(subprocess.run(['/opt/bin/tool'], capture_output=True, text=True).stdout)\n"
    )
    layers = []
    for number, word in enumerate(("first", "second")):
        layer = tmp_path / f"layer_{number}"
        (layer / "bin").mkdir(parents=True)
        (layer / "bin" / "tool").write_text(f"#!/bin/sh\necho {word}\n")
        with zipfile.ZipFile(tmp_path / f"layer_{number}.zip", "w") as archive:
            entry = zipfile.ZipInfo("bin/tool")
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, (layer / "bin" / "tool").read_text())
        (layer / "bin" / "tool").chmod(0o644)
        layers.append(layer)
    return code, layers


def run(worker: tuple[Path, list[Path]], *, can_mount: bool) -> str:
    code, layers = worker
    command = with_layers([sys.executable, str(code / "index.py")], layers, code=code, environment={"PATH": "/bin"}, can_mount=can_mount)
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.skipif(not can_mount_privately(), reason="this host forbids user namespaces")
def test_a_later_layer_wins_at_opt(worker: tuple[Path, list[Path]]) -> None:
    assert run(worker, can_mount=True) == "second"


def test_layers_without_mounts_are_rewritten(worker: tuple[Path, list[Path]]) -> None:
    assert run(worker, can_mount=False) == "second"


def test_layer_programs_are_on_path(worker: tuple[Path, list[Path]]) -> None:
    code, layers = worker
    environment = {"PATH": "/bin"}
    with_layers(["true"], layers, code=code, environment=environment, can_mount=False)
    assert environment["PATH"].split(":")[0] == str(layers[0].parent / "opt" / "bin")
