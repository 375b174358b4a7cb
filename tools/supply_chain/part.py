"""One thing that the platform is made of."""

from dataclasses import dataclass
from enum import StrEnum

from packageurl import PackageURL


class Kind(StrEnum):
    """What a part is, as the bill of materials calls it."""

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
    """One thing that the platform is made of, at one version.

    Args:
        kind: what it is.
        name: its name, as its registry or AWS calls it.
        version: exact version, or the tag of an image.
        purl: address that other tools know it by.
        hashes: algorithm and hexadecimal digest of its one archive, where a lock file says it.
        archives: SHA-256 of each of its archives, where it has several.
        source: where it comes from, or where its version was read.
        used_by: environments, or requirements files.
        deployed: whether it, or what it made, gets into an account; tools of developers do not.
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
        """What other entries call it by."""
        return self.purl.to_string()
