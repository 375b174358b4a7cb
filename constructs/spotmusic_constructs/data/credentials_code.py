"""The asset of the function that sets passwords: the handlers, the root certificates of RDS and the one library that they need."""

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_

from spotmusic_constructs import runtimes
from spotmusic_constructs.data import rds_ca

_HANDLER = Path(__file__).parent / "credentials_handler"
_LIBRARY = "pymysql"
"""The runtime has no MySQL client. PyMySQL is pure Python: the installed package is the asset, and no container builds it."""


@jsii.implements(cdk.ILocalBundling)
class _CopiedLibrary:
    """Puts handlers, certificates of every region and installed library side by side, without anything that differs between machines."""

    def try_bundle(self, output_dir: str, *, image: cdk.DockerImage, **_options: Any) -> bool:
        library = find_spec(_LIBRARY)
        if library is None or library.origin is None:
            raise ModuleNotFoundError(f"{_LIBRARY} is not installed. Install requirements.txt.")
        for file in _HANDLER.glob("*.py"):
            shutil.copy(file, output_dir)
        certificates = Path(output_dir, rds_ca.FOLDER.name)
        certificates.mkdir()
        for file in rds_ca.FOLDER.glob("*.pem"):
            shutil.copy(file, certificates)
        shutil.copytree(Path(library.origin).parent, Path(output_dir, _LIBRARY), ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        return True


def credentials_code() -> lambda_.Code:
    """Returns the code of the function, the same on every machine that has the same version of the library."""
    return lambda_.Code.from_asset(
        str(_HANDLER),
        # The hash of what was copied: that of the folder would not notice a new version of the library.
        asset_hash_type=cdk.AssetHashType.OUTPUT,
        bundling=cdk.BundlingOptions(image=runtimes.PYTHON.bundling_image, local=_CopiedLibrary()),
    )
