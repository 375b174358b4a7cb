"""Folders, packages, imports and types of the repository."""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

import constructs

from tests.conftest import TODAY
from tools.checkout import ROOT

MYPY = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
CODE = [path for folder in MYPY["files"] for path in (ROOT / folder).rglob("*.py")]


def test_constructs_folder_is_no_package() -> None:
    """A `constructs/__init__.py` would break `import aws_cdk` (aws/aws-cdk#19301)."""
    assert not (ROOT / "constructs" / "__init__.py").exists()
    assert "site-packages" in str(constructs.__file__)


def test_library_package_data_is_complete() -> None:
    """`package-data` must name files that are not modules. A missing file fails only in an
    installed package.
    """
    library = ROOT / "constructs" / "spotmusic_constructs"
    patterns = tomllib.loads((ROOT / "constructs" / "pyproject.toml").read_text())["tool"][
        "setuptools"
    ]["package-data"]["*"]
    packages = [path.parent for path in library.rglob("__init__.py")]
    named = {file for package in packages for pattern in patterns for file in package.glob(pattern)}
    modules = {file for package in packages for file in package.glob("*.py")}
    files = {
        file for file in library.rglob("*") if file.is_file() and "__pycache__" not in file.parts
    }
    assert sorted(str(file.relative_to(library)) for file in files - named - modules) == []


def test_versions_match_changelog() -> None:
    version, library = (
        tomllib.loads((ROOT / file).read_text())["project"]["version"]
        for file in ("pyproject.toml", "constructs/pyproject.toml")
    )
    releases = re.findall(
        r"^## (\d+\.\d+\.\d+) \((\d{4}-\d\d-\d\d)\)$",
        (ROOT / "CHANGELOG.md").read_text(),
        flags=re.MULTILINE,
    )
    assert (version, library) == (releases[0][0], releases[0][0])
    assert releases[0][1] == str(TODAY)
    assert [path.name for path in (ROOT / "tests" / "releases").glob("*.*.*")] == [version]


def test_library_readme_lists_packages() -> None:
    library = ROOT / "constructs" / "spotmusic_constructs"
    listed = re.findall(
        r"\]\(spotmusic_constructs/(\w+)/README\.md\)", (library.parent / "README.md").read_text()
    )
    assert sorted(listed) == sorted(path.parent.name for path in library.glob("*/__init__.py"))
    project = tomllib.loads((library.parent / "pyproject.toml").read_text())["project"]
    assert project["readme"] == "README.md", "an index shows it"


def test_readmes_list_constructs_that_stacks_create() -> None:
    library = ROOT / "constructs" / "spotmusic_constructs"
    used = re.compile(
        r"^from (spotmusic_constructs\.(\w+)\.\w+) import (\([^)]*\)|.*)", re.MULTILINE
    )
    unlisted = {
        name
        for stack in (ROOT / "stacks").rglob("*.py")
        for module, domain, names in used.findall(stack.read_text())
        for name in re.findall(r"\b[A-Z]\w+", names)
        if isinstance(made := getattr(importlib.import_module(module), name, None), type)
        and issubclass(made, constructs.Construct)
        and f"`{name}`" not in (library / domain / "README.md").read_text()
    }
    assert sorted(unlisted) == []


def test_library_readmes_name_existing_modules() -> None:
    library = ROOT / "constructs" / "spotmusic_constructs"
    missing = [
        f"{readme.parent.name}: {named}"
        for readme in library.glob("*/README.md")
        for named in re.findall(r"`([\w/]+\.py)`", readme.read_text())
        if not any((folder / named).exists() for folder in (readme.parent, library))
    ]
    assert missing == []


def test_mypy_reads_imported_services() -> None:
    """mypy treats imports from a module that it does not read as `Any`."""
    (followed,) = (
        override["module"]
        for override in MYPY["overrides"]
        if override.get("follow_imports") == "normal"
    )
    read = {module.removesuffix(".*") for module in followed}
    imports = re.compile(
        r"^ *(?:from aws_cdk import (aws_\w+)|(?:from|import) aws_cdk\.(\w+))", re.MULTILINE
    )
    imported = {
        f"aws_cdk.{name}"
        for path in CODE
        for found in imports.findall(path.read_text())
        for name in found
        if name
    }
    assert len(imported) > 20
    assert sorted(imported - read) == []


def test_code_runs_on_first_accepted_python() -> None:
    """Python 3.11.2 of Debian 12 has no filters of tar archives, which came with 3.11.4."""
    filtered = re.compile(
        r"(?:extract|extractall|unpack_archive)\([^()]*\bfilter="
        r"|\bextraction_filter\b|\bdata_filter\b"
    )
    assert [
        str(path.relative_to(ROOT))
        for path in CODE
        if filtered.search(path.read_text()) and path != Path(__file__)
    ] == []


def test_unit_tests_own_their_environments() -> None:
    """Users edit `environments/`. Promises read these files, unit tests and corners of the fuzzer
    have fixtures.
    """
    readers = {
        str(path.relative_to(ROOT))
        for folder in ("tests/unit", "tools/fuzz")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r'\bsettings_of\b|ROOT / "environments"', path.read_text())
    }
    assert readers == {"tests/unit/settings/test_defaults.py", "tools/fuzz/mutations.py"}


def test_documented_arguments_are_parameters() -> None:
    """An `Args:` entry without a parameter breaks the API reference."""
    wrong = {
        f"{file.relative_to(ROOT)} {node.name}": sorted(unknown)
        for root in ("constructs", "stacks", "spotmusic_cdk", "tools")
        for file in (ROOT / root).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, (ast.ClassDef, ast.FunctionDef))
        if (unknown := documented(ast.get_docstring(node) or "") - parameters(node))
    }
    assert wrong == {}


def test_stacks_document_their_attributes() -> None:
    """Stacks of a separate project use them (docs/own-platform.md)."""
    stacks = {
        node.name: attributes(node) ^ documented(ast.get_docstring(node) or "", "Attributes")
        for file in (ROOT / "stacks").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ClassDef) and node.name.endswith(("Stack", "Platform"))
    }
    assert len(stacks) == 11
    assert {name: sorted(wrong) for name, wrong in stacks.items() if wrong} == {}


def attributes(node: ast.ClassDef) -> set[str]:
    """Public attributes that a class sets."""
    stored = (
        found
        for found in ast.walk(node)
        if isinstance(found, ast.Attribute) and isinstance(found.ctx, ast.Store)
    )
    return {
        found.attr
        for found in stored
        if ast.unparse(found.value) == "self" and not found.attr.startswith("_")
    }


def documented(docstring: str, section: str = "Args") -> set[str]:
    found = re.search(rf"^{section}:\n((?:    .*\n|\n)*)", f"{docstring}\n", flags=re.MULTILINE)
    return set(re.findall(r"^    (\w+):", found[1], flags=re.MULTILINE)) if found else set()


def parameters(node: ast.ClassDef | ast.FunctionDef) -> set[str]:
    """Parameters of a function or class, or none for a protocol."""
    if isinstance(node, ast.FunctionDef):
        every = [
            *node.args.posonlyargs,
            *node.args.args,
            *node.args.kwonlyargs,
            node.args.vararg,
            node.args.kwarg,
        ]
        return {argument.arg for argument in every if argument}
    for made in node.body:
        if isinstance(made, ast.FunctionDef) and made.name == "__init__":
            return parameters(made)
    if any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases):
        return set()
    return {
        field.target.id
        for field in node.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    }


SEVERAL_TYPES = {
    "chart": "A construct takes the kind of chart that it installs.",
    "cluster": "CDK has this name for clusters of ECS and of EKS.",
}
"""Arguments with types that differ between constructs, with the reason."""


def test_arguments_of_constructs_have_one_type() -> None:
    """An optional argument has the type of a required one, and an interface of CDK that of its
    class.
    """
    types = defaultdict(set)
    for file in (ROOT / "constructs").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                for argument in node.args.kwonlyargs:
                    annotation = ast.unparse(argument).partition(": ")[2]
                    types[argument.arg].add(re.sub(r" \| None$|(?<=\.)I(?=[A-Z])", "", annotation))
    assert {name for name, found in types.items() if len(found) > 1} == SEVERAL_TYPES.keys()


def test_imports_go_one_way() -> None:
    ended = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout


def test_product_reads_no_environment_variables() -> None:
    readers = [
        str(path.relative_to(ROOT))
        for folder in ("spotmusic_cdk", "stacks", "constructs")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"os\.environ|os\.getenv", path.read_text())
        and not path.parent.name.endswith("_handler")
    ]
    assert readers == ["stacks/app.py"]  # entry point of the CDK CLI


def test_files_of_stacks_are_short() -> None:
    """At most 120 lines. What needs more is a construct or a module of its own."""
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in (ROOT / "stacks").rglob("*.py")
    }
    assert {name: length for name, length in lengths.items() if length > 120} == {}
