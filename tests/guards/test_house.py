"""Repository layout of the design, with reasons."""

import ast
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import constructs
import pytest

from spotmusic_cdk.settings import schema
from tests.conftest import TODAY
from tools import heartbeat
from tools.checkout import ROOT
from tools.documents import flows_document


def test_constructs_folder_is_no_package() -> None:
    """A `constructs/__init__.py` would break `import aws_cdk` (aws/aws-cdk#19301)."""
    assert not (ROOT / "constructs" / "__init__.py").exists()
    assert "site-packages" in str(constructs.__file__)


def test_library_package_data_is_complete() -> None:
    """`package-data` must name files that are not modules; a missing file fails only in an
    installed package.
    """
    library = ROOT / "constructs" / "spotmusic_constructs"
    patterns = tomllib.loads((ROOT / "constructs" / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["*"]
    packages = [path.parent for path in library.rglob("__init__.py")]
    named = {file for package in packages for pattern in patterns for file in package.glob(pattern)}
    modules = {file for package in packages for file in package.glob("*.py")}
    files = {file for file in library.rglob("*") if file.is_file() and "__pycache__" not in file.parts}
    assert sorted(str(file.relative_to(library)) for file in files - named - modules) == []


def test_versions_match_changelog() -> None:
    version, library = (
        tomllib.loads((ROOT / file).read_text())["project"]["version"] for file in ("pyproject.toml", "constructs/pyproject.toml")
    )
    told = re.findall(r"^## (\d+\.\d+\.\d+) \((\d{4}-\d\d-\d\d)\)$", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    assert (version, library) == (told[0][0], told[0][0])
    assert told[0][1] == str(TODAY)
    assert [path.name for path in (ROOT / "tests" / "releases").glob("*.*.*")] == [version]


def test_library_readme_lists_packages() -> None:
    library = ROOT / "constructs" / "spotmusic_constructs"
    told = re.findall(r"\]\(spotmusic_constructs/(\w+)/README\.md\)", (library.parent / "README.md").read_text())
    assert sorted(told) == sorted(path.parent.name for path in library.glob("*/__init__.py"))
    project = tomllib.loads((library.parent / "pyproject.toml").read_text())["project"]
    assert project["readme"] == "README.md", "an index shows it"


def test_mypy_reads_imported_services() -> None:
    """mypy takes everything from a module that it does not read as `Any`."""
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    (followed,) = (override["module"] for override in overrides if override.get("follow_imports") == "normal")
    read = {module.removesuffix(".*") for module in followed}
    code = [path for folder in ("spotmusic_cdk", "stacks", "constructs", "tools", "tests") for path in (ROOT / folder).rglob("*.py")]
    imports = re.compile(r"^ *(?:from aws_cdk import (aws_\w+)|(?:from|import) aws_cdk\.(\w+))", re.MULTILINE)
    imported = {f"aws_cdk.{name}" for path in code for found in imports.findall(path.read_text()) for name in found if name}
    assert len(imported) > 20
    assert sorted(imported - read) == []


def test_code_runs_on_first_accepted_python() -> None:
    """Python 3.11.2 of Debian 12 has no filters of tar archives, which came with 3.11.4."""
    code = [path for folder in ("spotmusic_cdk", "stacks", "constructs", "tools", "tests") for path in (ROOT / folder).rglob("*.py")]
    filtered = re.compile(r"(?:extract|extractall|unpack_archive)\([^()]*\bfilter=|\bextraction_filter\b|\bdata_filter\b")
    assert [str(path.relative_to(ROOT)) for path in code if filtered.search(path.read_text()) and path != Path(__file__)] == []


def test_unit_tests_own_their_environments() -> None:
    """Users edit `environments/`: promises read these files, unit tests have fixtures."""
    readers = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests" / "unit").rglob("*.py")
        if re.search(r'\bsettings_of\b|ROOT / "environments"', path.read_text())
    }
    assert readers == {"tests/unit/settings/test_defaults.py"}


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


def documented(docstring: str) -> set[str]:
    found = re.search(r"^Args:\n((?:    .*\n|\n)*)", f"{docstring}\n", flags=re.MULTILINE)
    return set(re.findall(r"^    (\w+):", found[1], flags=re.MULTILINE)) if found else set()


def parameters(node: ast.ClassDef | ast.FunctionDef) -> set[str]:
    """Parameters of a function or class; none for a protocol."""
    if isinstance(node, ast.FunctionDef):
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        return {argument.arg for argument in every if argument}
    for made in node.body:
        if isinstance(made, ast.FunctionDef) and made.name == "__init__":
            return parameters(made)
    if any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases):
        return set()
    return {field.target.id for field in node.body if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)}


def test_imports_go_one_way() -> None:
    ended = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout


def test_installed_packages_match_pins() -> None:
    pins = dict(
        re.findall(
            r"^([A-Za-z0-9._-]+)==([0-9A-Za-z.]+)",
            "\n".join((ROOT / file).read_text() for file in ("requirements.txt", "requirements-dev.txt")),
            flags=re.MULTILINE,
        )
    )
    installed = {name: importlib.metadata.version(name) for name in pins}
    assert installed == pins


def test_cdk_cli_is_pinned() -> None:
    """npm's latest, 3.0.0, is an accidental publish."""
    package = json.loads((ROOT / "package.json").read_text())
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert package["devDependencies"]["aws-cdk"] == lock["node_modules/aws-cdk"]["version"] == "2.1148.1"
    assert not any("resolved" in entry for entry in lock.values()), "the lock file names a registry host"


def test_deployments_keep_rollback() -> None:
    """`--no-rollback`, or `rollback: false` in cdk.json, would leave failed resources behind."""
    assert "rollback" not in json.loads((ROOT / "cdk.json").read_text())
    deploying = [ROOT / "Makefile", ROOT / ".ci" / "run", *(ROOT / "tools" / "local_aws").glob("*.py")]
    assert [path.name for path in deploying if "no-rollback" in path.read_text() or "--rollback=false" in path.read_text()] == []


def test_documented_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    texts = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "constructs").rglob("*.md")]
    texts += [path for folder in ("spotmusic_cdk", "tools", "tests") for kind in ("*.md", "*.py") for path in (ROOT / folder).rglob(kind)]
    told = {(path.name, target) for path in texts for target in re.findall(r"`make ([a-z-]+)[^`]*`", path.read_text())}
    assert len(told) > 30
    assert sorted(where for where in told if where[1] not in targets) == []


def test_setup_and_generators_report_progress(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make = shutil.which("make") or "make"
    command = [make, "--no-print-directory", "--dry-run", f"VENV={tmp_path}/venv", "setup"]
    steps = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"setup, (\d) of 4: ", steps) == ["1", "2", "3", "4"]
    for generator in (flows_document, schema):
        for state in ("changed", "as it was"):
            generator.write(tmp_path / generator.__name__)
            assert re.fullmatch(rf"{tmp_path}/\S+: \d+ lines, {state}\n", capsys.readouterr().out)


def test_no_slow_target_is_silent() -> None:
    """Slow targets print their own progress, or run under `tools/heartbeat.py`."""
    recipes = re.findall(r"^\t.*", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    bare = [re.sub(r"\$\(BEATING\) (\S+ -m )?\S+( install)?", "", line) for line in recipes]
    slow = re.compile(r"\bpip install|-m venv|go install|mvn --|cdk --|mypy |\$\((?:APT\w*|UV)\) |python -m tools\.([\w. ]+)")
    own = ("local_aws up", "local_aws down", "local_aws console")
    silent = [line for line in bare for found in slow.finditer(line) if not (found[1] or "").startswith(own)]
    assert silent == []
    assert sum("$(BEATING)" in line for line in recipes) > 30
    assert heartbeat._FIRST_SECONDS + heartbeat._SECONDS <= 5, "a command ends just before its next line"


def test_heartbeat_keeps_output_and_status() -> None:
    beating = [sys.executable, "-c", "import sys; sys.path[:0] = ['tools']; import heartbeat; "]
    beating[-1] += "heartbeat._FIRST_SECONDS = heartbeat._SECONDS = 0.2; "
    beating[-1] += "sys.exit(heartbeat.main(sys.executable, '-c', 'import time; time.sleep(1); print(1); raise SystemExit(3)'))"
    run = subprocess.run(beating, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (3, "1\n")
    assert run.stderr.count(" s\n") >= 2


def test_slow_test_is_named_while_it_runs(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "from tests import heartbeat\nheartbeat.SILENT_SECONDS = 0.3\nfrom tests.heartbeat import pytest_configure\n"
    )
    (tmp_path / "test_one.py").write_text("import time\ndef test_slow(): time.sleep(1)\n")
    command = [sys.executable, "-m", "pytest", "-q", f"--rootdir={tmp_path}", "-c", "/dev/null", str(tmp_path)]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    run = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout.splitlines()[-1][:8]) == (0, "1 passed")
    assert "s  test_one.py::test_slow\n" in run.stderr


def test_make_help_fits_a_terminal() -> None:
    """Help is grouped and at most 80 columns wide. It omits targets without a group."""
    makefile = (ROOT / "Makefile").read_text()
    make = shutil.which("make") or "make"
    help_ = subprocess.run([make, "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    shown = help_.stdout.splitlines()
    assert [line for line in shown if len(line) > 80] == []
    assert [line for line in shown if not line.startswith(" ")] == ["use", "prove", "change", "release"]
    listed = {line.split()[0] for line in shown if line.startswith(" ")}
    assert listed == set(re.findall(r"^([a-z-]+):.*  ## ", makefile, flags=re.MULTILINE))
    assert listed == set(re.findall(r"[a-z-]+", re.findall(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)[0]))


def test_portuguese_readme_has_same_commands() -> None:
    english, portuguese = ((ROOT / file).read_text() for file in ("README.md", "README.pt-BR.md"))
    commands = {command.strip() for command in re.findall(r"(?:npx cdk|make setup|make local|\. \.local|aws sso)[^`#\n]*", english)}
    assert len(commands) > 8
    assert sorted(command for command in commands if command not in portuguese) == []


def test_hook_and_lint_type_same_folders() -> None:
    """The hook and `make lint` check the same folders with mypy."""
    told = [re.findall(r"mypy (app\.py .+)", (ROOT / file).read_text()) for file in ("Makefile", ".pre-commit-config.yaml")]
    assert told[0] == told[1]
    assert len(told[0]) == 1


def test_product_reads_no_environment_variables() -> None:
    readers = [
        str(path.relative_to(ROOT))
        for folder in ("spotmusic_cdk", "stacks", "constructs")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"os\.environ|os\.getenv", path.read_text()) and not path.parent.name.endswith("_handler")
    ]
    assert readers == ["stacks/app.py"]  # the entry, which the CDK CLI starts
