"""Software bill of materials: complete, valid and reproducible."""

import json
import re
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from spotmusic_cdk import versions
from tests.conftest import sample_of
from tools.checkout import ROOT
from tools.model.values import Json
from tools.supply_chain import __main__ as command_line
from tools.supply_chain.bill_of_materials import UNNUMBERED, bill_of_materials, parts, serial_number
from tools.supply_chain.deployed import image_purl
from tools.supply_chain.locked import LOCKS, locks
from tools.supply_chain.part import Kind

ENVIRONMENTS = [sample_of(name) for name in ("dev", "staging", "prod")]


@pytest.fixture(scope="module")
def text() -> str:
    return bill_of_materials(ROOT, ENVIRONMENTS)


@pytest.fixture(scope="module")
def bill(text: str) -> Json:
    return dict(json.loads(text))


@pytest.fixture(scope="module")
def purls(bill: Json) -> set[str]:
    return {component["purl"] for component in bill["components"]}


def test_bill_of_materials_is_valid_cyclonedx(text: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_bill_of_materials_is_reproducible(text: str, bill: Json, tmp_path: Path) -> None:
    assert command_line.main(["sbom", "--output", str(tmp_path / "bom.cdx.json")]) == 0
    assert (tmp_path / "bom.cdx.json").read_text() == text
    assert "timestamp" not in bill["metadata"]


def test_serial_number_is_derived_from_content(text: str, bill: Json) -> None:
    number = bill["serialNumber"].removeprefix("urn:uuid:")
    assert str(serial_number(text.replace(number, str(UNNUMBERED)))) == number


def test_bill_of_materials_covers_every_kind() -> None:
    assert {part.kind for part in parts(ROOT, ENVIRONMENTS)} == set(Kind)


def test_bill_of_materials_lists_archive_hashes(bill: Json) -> None:
    components = {component["purl"]: component for component in bill["components"]}
    for file in LOCKS:
        packages = locks((ROOT / file).read_text())
        assert packages
        for name, locked in packages.items():
            (archives,) = components[f"pkg:pypi/{name}@{locked.version}"]["externalReferences"]
            assert {digest["content"] for digest in archives["hashes"]} == set(locked.archives)


def test_bill_of_materials_lists_npm_packages(bill: Json) -> None:
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    components = [
        component for component in bill["components"] if component["purl"].startswith("pkg:npm/")
    ]
    assert {component["version"] for component in components} == {
        entry["version"] for place, entry in locked.items() if place
    }
    assert "pkg:npm/%40aws-sdk/client-s3@3.1173.0" in {
        component["purl"] for component in components
    }
    for component in components:
        (digest,) = component["hashes"]
        assert digest["alg"] == "SHA-512"
        assert re.fullmatch(r"[0-9a-f]{128}", digest["content"])


def test_bill_of_materials_links_charts_and_images(bill: Json, purls: set[str]) -> None:
    runs = {entry["ref"]: set(entry.get("dependsOn", [])) for entry in bill["dependencies"]}
    for chart in versions.charts():
        purl = next(
            purl for purl in purls if purl.startswith(f"pkg:helm/{chart.name}@{chart.version}?")
        )
        assert chart.repository in purl
        assert runs[purl] == {image_purl(image).to_string() for image in chart.images.values()}
    own = {file.parent.name for file in (ROOT / "charts").glob("*/Chart.yaml")}
    assert {
        purl.split("/")[2].split("@")[0] for purl in purls if purl.startswith("pkg:helm/spotmusic/")
    } == own


@pytest.mark.parametrize(
    ("image", "purl"),
    [
        ("docker.io/kong/kong:3.9.3", "pkg:docker/kong/kong@3.9.3"),
        (
            "quay.io/keycloak/keycloak:26.8.2",
            "pkg:docker/keycloak/keycloak@26.8.2?repository_url=quay.io",
        ),
        (
            "public.ecr.aws/docker/library/busybox:1.37",
            "pkg:docker/docker/library/busybox@1.37?repository_url=public.ecr.aws",
        ),
    ],
)
def test_image_purl_identifies_registry(image: str, purl: str) -> None:
    assert image_purl(image).to_string() == purl


def test_bill_of_materials_lists_images_and_engines(purls: set[str]) -> None:
    assert {image_purl(image).to_string() for image in versions.images()} - purls == set()
    for settings in ENVIRONMENTS:
        for database in settings.data.databases.values():
            assert f"pkg:generic/amazon-rds/mysql@{database.version}" in purls
        assert f"pkg:generic/amazon-eks/kubernetes@{settings.kubernetes.version}" in purls


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("required", ("aws-cdk-lib", "aws-cdk-asset-awscli-v1", "pymysql", "kong/kong")),
        ("excluded", ("pytest", "pluggy", "checkov", "aws-cdk")),
    ],
)
def test_developer_tools_have_excluded_scope(
    bill: Json, scope: str, names: tuple[str, ...]
) -> None:
    scopes = {component["name"]: component["scope"] for component in bill["components"]}
    assert [scopes[name] for name in names] == [scope] * len(names)


def test_platform_depends_on_every_component(bill: Json, purls: set[str]) -> None:
    whole = bill["metadata"]["component"]["bom-ref"]
    (depends,) = (entry["dependsOn"] for entry in bill["dependencies"] if entry["ref"] == whole)
    assert set(depends) == purls
