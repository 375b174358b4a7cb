"""Lambda layers at /opt, where Lambda mounts them: each function's process gets a /opt of its own.

Linux can give a process a private view of the file system without privileges (`unshare`), unless the host forbids it. Then the
function's own copy of its code is pointed at the folder of its layers, which reaches everything but paths inside binaries.
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
# Lambda's own interpreter, which the scripts of some layers name.
_LAMBDA_PYTHON = "#!/var/lang/bin/python"


Prepare = Callable[[Path], None]


def _as_it_is(_opt: Path) -> None:
    """Leaves the layers as they are."""


def subprocess_with_layers(original: types.ModuleType, *, prepare: Prepare = _as_it_is) -> types.ModuleType:
    """A stand-in for the `subprocess` module of the emulator's Lambda runtime, whose workers see their layers at /opt.

    Args:
        original: the module it stands in for.
        prepare: changes what a worker is going to see at /opt; gets the folder of its layers.
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
    """Whether this host lets an ordinary process have mounts of its own."""
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
        layers: the unpacked layers, in order; each has its archive beside it.
        code: the unpacked function.
        environment: the worker's environment, changed in place.
        can_mount: whether a private /opt is possible.
        prepare: changes what the worker is going to see at /opt.
    """
    merged = _merge(layers)
    prepare(merged)
    # The kubectl handler writes its kubeconfig to a shared place otherwise.
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
    Path(target).unlink(missing_ok=True)  # a later layer wins, as in Lambda
    os.link(source, target)


def _restore_modes(layer: Path) -> None:
    """The emulator unpacks without modes, and a layer's programs must be executable."""
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
