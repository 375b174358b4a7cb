"""Component of the platform."""

from dataclasses import dataclass
from enum import StrEnum

from packageurl import PackageURL


class Kind(StrEnum):
    """Type of a component in the bill of materials."""

    PYTHON = "Python package"
    NPM = "npm package"
    OWN_CHART = "own Helm chart"
    CHART = "Helm chart"
    IMAGE = "container image"
    ADD_ON = "EKS add-on"
    KUBERNETES = "Amazon EKS"
    ENGINE = "database engine"
    RUNTIME = "Lambda runtime"
    LAYER = "Lambda layer"


@dataclass(frozen=True, kw_only=True)
class Part:
    """Component of the platform with its version.

    Args:
        kind: its type.
        name: its name in its registry or AWS.
        version: exact version, or the tag of an image.
        purl: package URL.
        hashes: algorithm and hexadecimal digest of its one archive, if a lock file has it.
        archives: SHA-256 of each of its archives, if it has several.
        source: origin of the component or of its version.
        used_by: environments, or lock files.
        deployed: True if it, or its output, is deployed; False for development tools.
    """

    kind: Kind
    name: str
    version: str
    purl: PackageURL
    hashes: tuple[tuple[str, str], ...] = ()
    archives: tuple[str, ...] = ()
    source: str = ""
    used_by: tuple[str, ...] = ()
    deployed: bool = True

    @property
    def reference(self) -> str:
        """Reference for other entries."""
        return self.purl.to_string()
