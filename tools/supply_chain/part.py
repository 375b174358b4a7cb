"""Component of the platform."""

from dataclasses import KW_ONLY, dataclass
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


@dataclass(frozen=True)
class Part:
    """Component of the platform with its version.

    Args:
        kind: type of the component.
        name: name in its registry or AWS.
        version: exact version, or the tag of an image.
        purl: package URL.
        hashes: algorithm and hexadecimal digest of a single archive, if a lock file has it.
        archives: SHA-256 of each of several archives.
        source: origin of the component or of its version.
        used_by: environments, or lock files.
        deployed: whether the component or its output is deployed; False for development tools.
    """

    kind: Kind
    name: str
    version: str
    purl: PackageURL
    _: KW_ONLY
    hashes: tuple[tuple[str, str], ...] = ()
    archives: tuple[str, ...] = ()
    source: str = ""
    used_by: tuple[str, ...] = ()
    deployed: bool = True

    @property
    def reference(self) -> str:
        """Reference in other entries."""
        return self.purl.to_string()
