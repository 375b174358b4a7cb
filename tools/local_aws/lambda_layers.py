"""Lambda layers at /opt: each function's process has its own /opt, as in Lambda.

`unshare` gives a Linux process a private view of the file system without privileges, unless the
host forbids it. Without it, the function's code is rewritten to the folder of its layers; paths
inside binaries keep /opt.
"""

import os
import shutil
import subprocess
import sys
import types
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

_LAYERS_VARIABLE = "_LAMBDA_LAYERS_DIRS"
# Interpreter path of Lambda in the scripts of some layers.
_LAMBDA_PYTHON = "#!/var/lang/bin/python"


Prepare = Callable[[Path], None]


def _as_it_is(_opt: Path) -> None:
    """Leaves the layers unchanged."""


def subprocess_with_layers(original: types.ModuleType, *, prepare: Prepare = _as_it_is) -> types.ModuleType:
    """Replacement of the `subprocess` module in the emulator's Lambda runtime; its workers see
    their layers at /opt.

    Args:
        original: the replaced module.
        prepare: changes the content of a worker's /opt; receives the folder of its layers.
    """
    stand_in = types.ModuleType("subprocess")
    stand_in.__dict__.update({name: value for name, value in vars(original).items() if not name.startswith("__")})

    def popen(command: list[str], **options: Any) -> Any:
        environment = options.get("env") or {}
        layers = [Path(folder) for folder in environment.get(_LAYERS_VARIABLE, "").split(os.pathsep) if folder]
        if layers:
            code = Path(options["cwd"])
            can_mount = can_mount_privately()
            command = with_layers(command, layers, code=code, environment=environment, can_mount=can_mount, prepare=prepare)
        return original.Popen(command, **options)

    stand_in.__dict__["Popen"] = popen
    return stand_in


@cache
def can_mount_privately() -> bool:
    """Returns True if this host permits private mounts for unprivileged processes."""
    if not Path("/opt").is_dir() or shutil.which("unshare") is None:
        return False
    trial = ["unshare", "-rm", "sh", "-c", "mount --bind /tmp /opt"]
    return subprocess.run(trial, capture_output=True, check=False).returncode == 0  # noqa: S603 - constant


def with_layers(
    command: list[str], layers: list[Path], *, code: Path, environment: dict[str, str], can_mount: bool, prepare: Prepare = _as_it_is
) -> list[str]:
    """Prepares a worker's layers and returns the command that starts it.

    Args:
        command: the emulator's command.
        layers: the unpacked layers in order, each next to its archive.
        code: the unpacked function.
        environment: the worker's environment, changed in place.
        can_mount: True if a private /opt is possible.
        prepare: changes the content of the worker's /opt.
    """
    merged = _merge(layers)
    prepare(merged)
    # Without this, the kubectl handler writes its kubeconfig to a shared path.
    environment["TEST_OUTDIR"] = str(merged.parent)
    environment["PATH"] = os.pathsep.join([f"{merged}/bin", environment.get("PATH", os.defpath)])
    if can_mount:
        return ["unshare", "-rm", "sh", "-c", 'mount --bind "$0" /opt && exec "$@"', str(merged), *command]
    _point_code_at(merged, code)
    return command


def _merge(layers: list[Path]) -> Path:
    merged = layers[0].parent / "opt"
    merged.mkdir(exist_ok=True)
    for layer in layers:
        _restore_modes(layer)
        _use_this_python(layer)
        shutil.copytree(layer, merged, dirs_exist_ok=True, copy_function=_link)
    return merged


def _link(source: str, target: str) -> None:
    Path(target).unlink(missing_ok=True)  # as in Lambda, later layers overwrite earlier ones
    os.link(source, target)


def _restore_modes(layer: Path) -> None:
    """Makes files executable: the emulator unpacks archives without modes."""
    with zipfile.ZipFile(layer.with_name(layer.name + ".zip")) as archive:
        for entry in archive.infolist():
            mode, file = (entry.external_attr >> 16) & 0o777, layer / entry.filename
            if mode and file.is_file():
                file.chmod(mode)


def _use_this_python(layer: Path) -> None:
    for script in (file for file in layer.glob("awscli/*") if file.is_file()):
        _replace(script, _LAMBDA_PYTHON, "#!" + sys.executable)


def _point_code_at(merged: Path, code: Path) -> None:
    for file in (file for pattern in ("**/*.py", "**/*.js", "**/*.mjs") for file in code.glob(pattern)):
        _replace(file, "/opt/", f"{merged}/")


def _replace(file: Path, old: str, new: str) -> None:
    try:
        text = file.read_text()
    except UnicodeDecodeError:
        return
    if old in text:
        mode = file.stat().st_mode
        file.write_text(text.replace(old, new))
        file.chmod(mode)
