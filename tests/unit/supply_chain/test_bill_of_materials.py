"""The bill of materials names everything that the platform is made of, is valid, and is the same for the same parts."""

import json
import re
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from spotmusic_cdk import versions
from tests.conftest import ROOT, sample_of
from tests.model.values import Json
from tools.supply_chain import __main__ as command_line
from tools.supply_chain.bill_of_materials import UNNUMBERED, bill_of_materials, parts, serial_number
from tools.supply_chain.deployed import image_purl
from tools.supply_chain.locked import LOCKS, canonical, locks, pins
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


def test_it_is_valid_cyclonedx(text: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_the_validator_still_bites(bill: Json) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps({**bill, "components": [{"name": "nameless type"}]}))


def test_it_is_the_same_twice_and_has_no_clock(text: str, bill: Json, tmp_path: Path) -> None:
    assert command_line.main(["sbom", "--output", str(tmp_path / "bom.cdx.json")]) == 0
    assert (tmp_path / "bom.cdx.json").read_text() == text
    assert "timestamp" not in bill["metadata"]


def test_its_serial_number_is_made_from_what_it_says(text: str, bill: Json) -> None:
    number = bill["serialNumber"].removeprefix("urn:uuid:")
    unnumbered = text.replace(number, str(UNNUMBERED))
    assert str(serial_number(unnumbered)) == number
    assert str(serial_number(unnumbered + " ")) != number


def test_it_has_something_of_each_kind() -> None:
    assert {part.kind for part in parts(ROOT, ENVIRONMENTS)} == set(Kind)


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt", "requirements-checkov.txt"])
def test_it_has_every_python_package_that_is_pinned(purls: set[str], file: str) -> None:
    pinned = {f"pkg:pypi/{canonical(name)}@{version}" for name, version in pins((ROOT / file).read_text()).items()}
    assert len(pinned) > 10
    assert pinned - purls == set()


def test_it_has_the_hash_of_every_archive_that_setup_accepts(bill: Json) -> None:
    components = {component["purl"]: component for component in bill["components"]}
    for file in LOCKS:
        for name, locked in locks((ROOT / file).read_text()).items():
            if not locked.marker:
                (archives,) = components[f"pkg:pypi/{name}@{locked.version}"]["externalReferences"]
                assert {said["content"] for said in archives["hashes"]} == set(locked.archives)


def test_it_has_every_npm_package_with_the_hash_of_its_archive(bill: Json) -> None:
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    components = [component for component in bill["components"] if component["purl"].startswith("pkg:npm/")]
    assert {component["version"] for component in components} == {entry["version"] for place, entry in locked.items() if place}
    assert "pkg:npm/%40aws-sdk/client-s3@3.1173.0" in {component["purl"] for component in components}
    for component in components:
        (said,) = component["hashes"]
        assert said["alg"] == "SHA-512"
        assert re.fullmatch(r"[0-9a-f]{128}", said["content"])


def test_it_has_every_chart_and_says_which_images_it_runs(bill: Json, purls: set[str]) -> None:
    runs = {entry["ref"]: set(entry.get("dependsOn", [])) for entry in bill["dependencies"]}
    for chart in versions.charts():
        purl = next(purl for purl in purls if purl.startswith(f"pkg:helm/{chart.name}@{chart.version}?"))
        assert chart.repository in purl
        assert runs[purl] == {image_purl(image).to_string() for image in chart.images.values()}
    own = {file.parent.name for file in (ROOT / "charts").glob("*/Chart.yaml")}
    assert {purl.split("/")[2].split("@")[0] for purl in purls if purl.startswith("pkg:helm/spotmusic/")} == own


@pytest.mark.parametrize(
    ("image", "purl"),
    [
        ("docker.io/kong/kong:3.9.3", "pkg:docker/kong/kong@3.9.3"),
        ("quay.io/keycloak/keycloak:26.8.2", "pkg:docker/keycloak/keycloak@26.8.2?repository_url=quay.io"),
        ("public.ecr.aws/docker/library/busybox:1.37", "pkg:docker/docker/library/busybox@1.37?repository_url=public.ecr.aws"),
    ],
)
def test_an_image_has_the_address_that_scanners_know(image: str, purl: str) -> None:
    assert image_purl(image).to_string() == purl


def test_an_image_without_a_tag_has_no_address() -> None:
    with pytest.raises(ValueError, match="is not registry/name:tag"):
        image_purl("nginx")


def test_it_has_every_image_and_what_aws_runs(purls: set[str]) -> None:
    assert {image_purl(image).to_string() for image in versions.images()} - purls == set()
    for settings in ENVIRONMENTS:
        data = settings.data
        cache = data.cache.version or versions.DEFAULT_CACHE_VERSION[data.cache.engine]
        expected = {
            f"pkg:generic/amazon-eks/kubernetes@{settings.kubernetes.version}",
            f"pkg:generic/amazon-rds/mysql@{data.catalogue.version}",
            f"pkg:generic/amazon-rds/mysql@{data.identity.version}",
            f"pkg:generic/amazon-elasticache/{data.cache.engine}@{cache}",
            f"pkg:generic/amazon-eks-add-on/metrics-server@{versions.METRICS_SERVER_ADD_ON}",
        }
        assert expected - purls == set()


def test_tools_of_developers_are_told_from_what_is_deployed(bill: Json) -> None:
    scopes = {component["purl"].split("@")[0]: component["scope"] for component in bill["components"]}
    assert scopes["pkg:pypi/aws-cdk-lib"] == scopes["pkg:docker/kong/kong"] == "required"
    assert scopes["pkg:pypi/pytest"] == scopes["pkg:npm/aws-cdk"] == "excluded"


def test_the_whole_depends_on_all_of_it(bill: Json, purls: set[str]) -> None:
    whole = bill["metadata"]["component"]["bom-ref"]
    (depends,) = (entry["dependsOn"] for entry in bill["dependencies"] if entry["ref"] == whole)
    assert set(depends) == purls
