"""Wheels that a separate project installs (docs/adr/0026)."""

import ast
import json
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import packages_distributions, requires, version
from pathlib import Path
from zipfile import ZipFile

from packaging.metadata import Metadata
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import STACKS
from tests.own.conftest import run
from tools.checkout import ROOT

HELP = """\
import runpy, sys
for tool in sys.argv[1:]:
    sys.argv[1:] = ["--help"]
    try:
        runpy.run_module(f"spotmusic_cdk.tools.{tool}", run_name="__main__")
    except SystemExit:
        pass
"""
"""Help of tools, all in one process, because imports take most of the time."""
MAKEFILE = (ROOT / "template" / "Makefile").read_text()


def own_app() -> str:
    """Application of the template, with the stack of docs/own-platform.md."""
    document = (ROOT / "docs" / "own-platform.md").read_text()
    example = document.partition("```python\n")[2].partition("```")[0]
    classes, last, arguments = example.partition("sys.exit(")
    imports, entry, call = (
        (ROOT / "template" / "app.py").read_text().partition('if __name__ == "__main__":')
    )
    changed = call.replace('"environments")', '"environments", platform=Own)')
    assert changed.strip() == (last + arguments).strip()
    return imports + classes + entry + changed


def metadata_of(wheel: Path) -> Metadata:
    """Metadata of a wheel, validated."""
    with ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Metadata.from_email(archive.read(name), validate=True)


def test_wheel_metadata_is_complete(wheels: list[Path]) -> None:
    for wheel in wheels:
        metadata = metadata_of(wheel)
        assert metadata.summary
        assert metadata.description
        assert metadata.description_content_type == "text/markdown"
        assert str(metadata.requires_python) == ">=3.11"
        assert {"Framework :: AWS CDK :: 2", "Typing :: Typed", "Private :: Do Not Upload"} <= set(
            metadata.classifiers or []
        )
    library, platform = map(metadata_of, wheels)
    assert f"{library.name}=={library.version}" in map(str, platform.requires_dist or [])


def test_wheels_have_one_package_each(wheels: list[Path]) -> None:
    """`stacks` and `tools` at the top would hide folders of a project."""
    for wheel, package in zip(wheels, ("spotmusic_constructs", "spotmusic_cdk"), strict=True):
        with ZipFile(wheel) as archive:
            names = archive.namelist()
        assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {package}
        assert [name for name in names if "__pycache__" in name or "/tests/" in name] == []


def test_wheels_are_reproducible(wheels: list[Path]) -> None:
    for wheel in wheels:
        with ZipFile(wheel) as archive:
            entries = [
                entry for entry in archive.infolist() if not entry.filename.endswith("/RECORD")
            ]  # its mode is constant
        assert {(entry.date_time, oct(entry.external_attr >> 16)) for entry in entries} == {
            ((1980, 1, 1, 0, 0, 0), "0o100644")
        }


def test_wheel_has_all_files(installed: Path) -> None:
    package = installed / "spotmusic_cdk"
    for name in ("charts", "stacks"):
        assert files(package / name) == files(ROOT / name)
    tools = files(package / "tools")
    parents = {path.parent for path in tools}
    assert {
        path for path in files(ROOT / "tools") if path.suffix != ".py" and path.parent in parents
    } <= tools


def test_wheel_finds_files_in_itself(installed: Path) -> None:
    """Commands read the project in the working folder, not in the folder of the package."""
    outside = re.compile(r"__file__\)\.parents\[[1-9]")
    found = {
        path.name
        for path in (installed / "spotmusic_cdk").rglob("*.py")
        if outside.search(path.read_text())
    }
    assert found == {"synthesis.py", "release_context.py"}, "use Path.cwd()"


def files(folder: Path) -> set[Path]:
    """Files of a folder, relative to it."""
    return {
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def required(requirements: list[str], extras: set[str]) -> Iterator[str]:
    """Names of installed distributions by requirement. Each must be in its range."""
    for requirement in map(Requirement, requirements):
        if requirement.marker and not any(
            requirement.marker.evaluate({"extra": extra}) for extra in extras | {""}
        ):
            continue
        assert requirement.specifier.contains(version(requirement.name)), (
            f"{requirement}: {version(requirement.name)} is pinned"
        )
        yield canonicalize_name(requirement.name)
        yield from required(requirements_of(requirement.name), requirement.extras)


@cache
def requirements_of(distribution: str) -> list[str]:
    """Return the requirements of an installed distribution."""
    return requires(distribution) or []


def test_wheel_requires_what_it_imports(wheels: list[Path], installed: Path) -> None:
    """Requirements exclude `stacks`, `tools` and `tests` of the checkout, and include every
    imported package.
    """
    stated = {
        name
        for wheel in wheels
        for name in required([*map(str, metadata_of(wheel).requires_dist or [])], {"tools"})
    }
    own = {
        ".".join(path.relative_to(installed).with_suffix("").parts).removesuffix(".__init__")
        for path in installed.rglob("*.py")
    }
    distributions = packages_distributions()
    unknown = {
        module
        for module in imports(installed)
        if module not in own
        and (top := module.partition(".")[0]) not in sys.stdlib_module_names
        and canonicalize_name(distributions.get(top, [top])[0]) not in stated
    }
    assert unknown == set()


def test_wheel_names_no_package_of_checkout(installed: Path) -> None:
    """Code within texts, such as that of another process, is rewritten as well."""
    outside = re.compile(r"(?:from|import|-m) (?:stacks|tools)\b")
    texts = {path.name: path.read_text() for path in (installed / "spotmusic_cdk").rglob("*.py")}
    assert {name: found for name, text in texts.items() if (found := outside.findall(text))} == {}


def test_template_has_targets_of_messages(installed: Path) -> None:
    """`console` is no command of a project, which never prints its message."""
    texts = [file.read_text() for file in (installed / "spotmusic_cdk").rglob("*.py")]
    named = {
        target
        for text in texts
        for target in re.findall(r"(?:Run|Refresh|or run)\b[^\n]{,9} `?make ([a-z-]+)", text)
    }
    assert {"check", "prices"} <= named
    assert named - {*re.findall(r"^([a-z-]+):", MAKEFILE, flags=re.MULTILINE)} == {"console"}


def test_wheel_has_tools_of_template(installed: Path, tmp_path: Path) -> None:
    used = sorted({*re.findall(r"\$\(TOOLS\)\.([\w.]+)", MAKEFILE)})
    assert {"local_aws", "changes", "cost.refresh"} <= {*used}
    done = run([sys.executable, "-c", HELP, *used], installed, tmp_path)
    found = re.findall(
        r"^usage: python -m spotmusic_cdk\.tools\.([\w.]+)", done.stdout, flags=re.MULTILINE
    )
    assert found == used, done.stderr


def test_template_takes_options_of_messages(installed: Path) -> None:
    texts = [file.read_text() for file in (installed / "spotmusic_cdk" / "tools").rglob("*.py")]
    named = {*re.findall(r"\b([A-Z]+)=\d\b", "".join(texts))}
    assert {"ALL", "COST"} <= named
    assert [name for name in named if f"$({name})" not in MAKEFILE] == []


def imports(folder: Path) -> Iterator[str]:
    """Modules that the code of a folder imports. A Lambda handler has a separate folder."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and not node.level and "_handler" not in str(path):
                yield str(node.module)
            elif isinstance(node, ast.Import) and "_handler" not in str(path):
                yield from (name.name for name in node.names)


def test_wheel_synthesizes_the_same_templates(
    installed: Path, synthesized: Callable[[str], Path], tmp_path: Path
) -> None:
    """Empty folder with the template's application and one environment file. Its additional stack
    with an alarm adds exports of the recipients, and changes nothing else.
    """
    (tmp_path / "app.py").write_text(own_app())
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "dev.yaml").write_text(
        (ROOT / "environments" / "dev.yaml").read_text()
    )
    out = tmp_path / "cdk.out"
    context = {"env": "dev", "validation": False}
    done = run(
        [sys.executable, "-OO", "app.py"],
        installed,
        tmp_path,
        CDK_OUTDIR=str(out),
        CDK_CONTEXT_JSON=json.dumps(context),
    )
    assert done.returncode == 0, done.stderr
    templates = {
        path.name: json.loads(path.read_text())
        for path in (out / "assembly-dev").glob("*.template.json")
    }
    (own,) = [templates.pop(name) for name in [*templates] if name.startswith("devsearch")]
    (observability,) = [
        template for name, template in templates.items() if name.startswith("devobservability")
    ]
    (alarm,) = own["Resources"].values()
    exports = [
        action["Fn::ImportValue"].partition(":")[2]
        for action in alarm["Properties"]["AlarmActions"]
    ]
    recipients = [observability["Outputs"].pop(export)["Value"] for export in exports]
    assert recipients in [
        found["Properties"].get("AlarmActions")
        for found in observability["Resources"].values()
        if found["Type"] == "AWS::CloudWatch::Alarm"
    ]

    expected = {
        path.name: json.loads(path.read_text())
        for path in synthesized("dev").glob("*.template.json")
    }
    assert len(templates) == len(STACKS)
    assert [name for name in expected if templates.get(name) != expected[name]] == []
