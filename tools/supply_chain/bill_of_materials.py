"""Software bill of materials: CycloneDX 1.6 as JSON, byte-identical for equal components."""

import hashlib
import tomllib
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path

from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    Property,
    XsUri,
)
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from spotmusic_cdk import versions
from spotmusic_cdk.settings import Settings
from tools.supply_chain import deployed, locked
from tools.supply_chain.part import Kind, Part

_TYPES = {
    **dict.fromkeys((Kind.PYTHON, Kind.NPM, Kind.LAYER), ComponentType.LIBRARY),
    **dict.fromkeys((Kind.OWN_CHART, Kind.CHART, Kind.ADD_ON), ComponentType.APPLICATION),
    **dict.fromkeys((Kind.KUBERNETES, Kind.ENGINE, Kind.RUNTIME), ComponentType.PLATFORM),
    Kind.IMAGE: ComponentType.CONTAINER,
}
UNNUMBERED = uuid.UUID(int=0)
_ALGORITHMS = {
    "sha1": HashAlgorithm.SHA_1,
    "sha256": HashAlgorithm.SHA_256,
    "sha512": HashAlgorithm.SHA_512,
}


def parts(root: Path, environments: Sequence[Settings]) -> list[Part]:
    """Return all components of the platform.

    Args:
        root: the checkout, with its lock files.
        environments: settings of every environment.
    """
    return [
        *locked.python_packages(root),
        *locked.npm_packages(root),
        *deployed.own_charts(root),
        *deployed.charts(),
        *deployed.images(),
        *deployed.services_of_aws(environments),
    ]


def bill_of_materials(root: Path, environments: Sequence[Settings]) -> str:
    """Return the bill of materials of this checkout.

    It is reproducible, without clock or random numbers. Its serial number derives from its content.
    """
    found = parts(root, environments)
    unnumbered = _json(root, found)
    return unnumbered.replace(str(UNNUMBERED), str(serial_number(unnumbered)), 1)


def serial_number(unnumbered: str) -> uuid.UUID:
    """Return the serial number of a content."""
    return uuid.UUID(bytes=hashlib.sha256(unnumbered.encode()).digest()[:16], version=4)


def _json(root: Path, found: Iterable[Part]) -> str:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    whole = Component(
        name=project["name"],
        version=project["version"],
        description=project["description"],
        type=ComponentType.APPLICATION,
        bom_ref=project["name"],
        purl=PackageURL("generic", name=project["name"], version=project["version"]),
    )
    components = {part.reference: _component(part) for part in found}
    bom = Bom(
        components=components.values(),
        serial_number=UNNUMBERED,
        metadata=BomMetaData(component=whole),
    )
    # CycloneDX does not require a timestamp, only the library's annotation does.
    bom.metadata.timestamp = None  # type: ignore[assignment]
    bom.register_dependency(whole, components.values())
    for chart in versions.charts():
        run = [
            components[deployed.image_purl(image).to_string()] for image in chart.images.values()
        ]
        bom.register_dependency(components[deployed.chart_purl(chart).to_string()], run)
    return str(JsonV1Dot6(bom).output_as_string(indent=2)) + "\n"


def _component(part: Part) -> Component:
    said = {"kind": str(part.kind), "source": part.source, "used by": ", ".join(part.used_by)}
    return Component(
        name=part.name,
        version=part.version,
        type=_TYPES[part.kind],
        bom_ref=part.reference,
        purl=part.purl,
        scope=ComponentScope.REQUIRED if part.deployed else ComponentScope.EXCLUDED,
        hashes=[
            HashType(alg=_ALGORITHMS[algorithm], content=digest)
            for algorithm, digest in part.hashes
        ],
        external_references=[_archives(part)] if part.archives else [],
        properties=[
            Property(name=f"spotmusic:{name}", value=value) for name, value in said.items() if value
        ],
    )


def _archives(part: Part) -> ExternalReference:
    """Return the archives that setup accepts, because the package index depends on the machine."""
    return ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(part.reference),
        comment="source and wheels that setup accepts",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in part.archives],
    )
