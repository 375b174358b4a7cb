"""Commands: help, existing targets, progress of slow targets, and rollback of deployments."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from spotmusic_cdk.settings import schema
from tools import heartbeat
from tools.checkout import ROOT
from tools.documents import flows_document

FOLDERS = pytest.mark.parametrize("folder", [ROOT, ROOT / "template"], ids=["platform", "project"])


def makefile(folder: Path = ROOT) -> str:
    """Return the Makefile of a folder, with continued lines joined."""
    return re.sub(r"\\\n\s*", "", (folder / "Makefile").read_text())


def make(*arguments: str, folder: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    """Run make in a folder, with the Python of these tests."""
    command = [shutil.which("make") or "make", "--no-print-directory", *arguments]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@FOLDERS
def test_setup_installs_node_packages_or_says_why_not(folder: Path) -> None:
    """With `NODE_ENV=production`, npm omits `devDependencies` and succeeds. With `--silent`, it
    fails without a message.
    """
    (command,) = re.findall(r"npm ci.*", makefile(folder))
    assert command.startswith("npm ci --loglevel=error --include=dev")


@FOLDERS
@pytest.mark.parametrize(
    ("link", "packages", "begins"),
    [
        ("python3.12", "python3.12", ""),
        ("python3.13", "python3.12", "--clear"),
        ("removed", "python3.12", "--clear"),
    ],
)
def test_setup_replaces_the_environment_of_another_python(
    folder: Path, tmp_path: Path, link: str, packages: str, begins: str
) -> None:
    """Upgrades of a system leave an environment that seems to be complete."""
    wanted = re.findall(r"[a-z-]+[.](?:lock|json|txt)", makefile(folder))
    for file in {*wanted, "constructs/pyproject.toml"}:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    environment = tmp_path / ".venv"
    (environment / "lib" / packages).mkdir(parents=True)
    (environment / "bin").mkdir()
    for name in ("python3.12", "python3.13"):
        (tmp_path / name).touch()
    (environment / "bin" / "python").symlink_to(tmp_path / link)
    (environment / ".ready").touch()
    done = make("--dry-run", f"--file={folder / 'Makefile'}", "setup", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"-m venv (.*)[.]venv", done.stdout) == ([f"{begins} "] if begins else [])


def test_git_keeps_line_ends(tmp_path: Path) -> None:
    """With `core.autocrlf=true`, as in WSL with the settings of Git for Windows, recipes and shell
    scripts would end with carriage returns.
    """
    git = shutil.which("git")
    if git is None:
        pytest.skip("needs git")
    shutil.copy(ROOT / ".gitattributes", tmp_path)
    subprocess.run([git, "init", "--quiet", tmp_path], check=True)
    asked = [git, "-C", str(tmp_path), "check-attr", "eol", "text", "--", "Makefile", "charts/a.sh"]
    assert subprocess.run(asked, check=True, capture_output=True, text=True).stdout == "".join(
        f"{file}: {attribute}\n"
        for file in ("Makefile", "charts/a.sh")
        for attribute in ("eol: lf", "text: auto")
    )


def test_documented_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", makefile(), flags=re.MULTILINE))
    texts = [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "constructs").rglob("*.md"),
    ]
    texts += [
        path
        for folder in ("spotmusic_cdk", "tools", "tests")
        for kind in ("*.md", "*.py")
        for path in (ROOT / folder).rglob(kind)
    ]
    documented = {
        (path.name, target)
        for path in texts
        for target in re.findall(r"`make ([a-z-]+)[^`]*`", path.read_text())
    }
    assert len(documented) > 30
    assert sorted(where for where in documented if where[1] not in targets) == []


def test_make_help_fits_a_terminal() -> None:
    """Help is grouped and at most 80 columns wide. It omits targets without a group."""
    shown = make("help").stdout.splitlines()
    assert [line for line in shown if len(line) > 80] == []
    assert [line for line in shown if not line.startswith(" ")] == [
        "use",
        "prove",
        "change",
        "release",
    ]
    listed = {line.split()[0] for line in shown if line.startswith(" ")}
    assert listed == set(re.findall(r"^([a-z-]+):.*  ## ", makefile(), flags=re.MULTILINE))
    assert listed == set(
        re.findall(r"[a-z-]+", re.findall(r"^\.PHONY: (.*)$", makefile(), flags=re.MULTILINE)[0])
    )


def test_setup_and_generators_report_progress(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = make("--dry-run", f"VENV={tmp_path}/venv", "setup").stdout
    assert re.findall(r"setup, (\d) of 4: ", steps) == ["1", "2", "3", "4"]
    for generator in (flows_document, schema):
        for state in ("changed", "as it was"):
            generator.write(tmp_path / generator.__name__)
            assert re.fullmatch(rf"{tmp_path}/\S+: \d+ lines, {state}\n", capsys.readouterr().out)


def test_commands_quote_folder_of_checkout() -> None:
    targets = re.findall(r"^([a-z-]+):.*  ## ", makefile(), flags=re.MULTILINE)
    run = make("--dry-run", "--always-make", "CURDIR=/a b", "DIR=mine", *targets)
    named = [line for line in run.stdout.splitlines() if "/a b" in line]
    assert (run.returncode, len(named) > 10) == (0, True)
    assert [
        line
        for line in named
        if "/a b" in re.sub(r""" "[^"]*" | '[^']*' """, "", line, flags=re.VERBOSE)
    ] == []


_LATER_THAN_3_81 = re.compile(
    r"^(?:private|undefine)\b|: private |^define \w+ [:?+]?=|(?<=\s)(?:!|:::?)=|&:"
    r"|\.(?:EXTRA_PREREQS|ONESHELL|RECIPEPREFIX|SHELLFLAGS|SHELLSTATUS|WAIT)\b"
    r"|\$\((?:file|guile|intcmp|let) |--(?:output-sync|shuffle)",
    flags=re.MULTILINE,
)


@pytest.mark.parametrize(
    ("region", "last"),
    [
        ("eu-central-1", "begin there with make local; README.md has its commands."),
        ("me-central-1", "correct these settings, then begin there with make local."),
    ],
)
def test_new_project_is_checked(region: str, last: str, tmp_path: Path) -> None:
    """No question knows which instance classes a region lacks."""
    dev = (ROOT / "tests" / "environments" / "dev.yaml").read_text()
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "dev.yaml").write_text(dev.replace("sa-east-1", region))
    programs = ("RUN_COPIER=true", "BEATING=true")
    made = ("--old-file=.venv/.ready", "--old-file=.tools/copier/.ready")
    run = make(*programs, *made, f"DIR={tmp_path}", "new")
    assert (run.returncode, run.stdout.splitlines()[-1]) == (0, f"{tmp_path}: {last}")


@FOLDERS
def test_make_of_macos_runs_targets(folder: Path) -> None:
    """macOS has GNU make 3.81. Apple's job.c runs recipes with posix_spawnp, which searches the
    PATH of make itself, if SHELL is the default shell or one of four.
    """
    text = (folder / "Makefile").read_text()
    assert "\nSHELL := /usr/bin/env sh\n" in text
    assert _LATER_THAN_3_81.findall(text) == []


@FOLDERS
def test_setup_accepts_python_of_all_packages(folder: Path) -> None:
    """pip would name hundreds of versions of a package that refuses the Python in use."""
    ((below, newest),) = re.findall(
        r"sys\.version_info < \(3, (\d+)\).*Python 3\.11 to 3\.(\d+) is", makefile(folder)
    )
    assert int(below) == int(newest) + 1
    (readme,) = folder.glob("README.md*")
    assert f"Python 3.11 to 3.{newest}, `make`" in readme.read_text()
    bounds = {
        package.name: SpecifierSet(package.metadata["Requires-Python"])
        for package in metadata.distributions()
        if "Requires-Python" in package.metadata
    }
    accepted = [f"3.{minor}.9" for minor in range(11, int(below))]
    assert {
        name: str(bound) for name, bound in bounds.items() if [*bound.filter(accepted)] != accepted
    } == {}


@pytest.mark.parametrize("installed", ["mvn", "java"])
def test_archives_need_each_program(installed: str, tmp_path: Path) -> None:
    for name in ("sh", installed):
        (tmp_path / name).symlink_to("/bin/sh")
    shutil.copy(ROOT / "Makefile", tmp_path)
    run = make("KEYCLOAK=0", f"PATH={tmp_path}", ".tools/keycloak/0.ready", folder=tmp_path)
    assert (run.returncode, run.stdout) == (2, "Keycloak needs Maven and Java 17 or newer.\n")


@pytest.mark.parametrize("target", ["new", "update"])
def test_projects_require_folder_before_setup(target: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    run = make(target, folder=tmp_path)
    advice = f"DIR is missing. Name the folder: make {target} DIR=../my-platform\n"
    assert (run.returncode, run.stdout) == (2, advice)


def test_update_refuses_project_of_another_checkout(tmp_path: Path) -> None:
    """Its wheels would be of this checkout, and its template of the other one."""
    (tmp_path / ".copier-answers.yml").write_text("_src_path: git+file:///somewhere/spotmusic\n")
    wheel = tmp_path / "wheels" / "spotmusic_on_aws-0.1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.touch()
    run = make("--old-file=setup", "--old-file=.tools/copier/.ready", "update", f"DIR={tmp_path}")
    assert run.returncode == 2
    first, advice, *_ = run.stdout.splitlines()
    assert f"{tmp_path} has the template of git+file:///somewhere/spotmusic, and its" in first
    assert advice.startswith("Run make update there, or write _src_path")
    assert [*wheel.parent.iterdir()] == [wheel]


def test_synthesis_of_unknown_environment_deletes_nothing(tmp_path: Path) -> None:
    """A project checks the name before it deletes the last assembly. tools/synth.py
    does so here.
    """
    shutil.copy(ROOT / "template" / "Makefile", tmp_path)
    kept = tmp_path / "environments" / "dev.yaml"
    kept.parent.mkdir()
    kept.touch()
    run = make(
        "--old-file=setup",
        f"PYTHONPATH={ROOT}",
        "synth",
        "ENV=../environments/dev.yaml",
        folder=tmp_path,
    )
    assert (run.returncode, kept.exists()) == (2, True)
    assert "there is no environment" in run.stderr


def test_project_takes_options_of_checkout() -> None:
    """All options are set to 0, because COST=0 is one. Only the checkout has a page, and only a
    project has separate prices.
    """
    folders = (ROOT, ROOT / "template")
    texts = [makefile(folder) for folder in folders]
    defined = {*re.findall(r"^(?:export )?([A-Z]+) [:?]?=", texts[0], flags=re.MULTILINE)}
    options = {*re.findall(r"\$\(([A-Z]+)[):]", texts[0])} - defined
    assert {"AGAINST", "COST", "FORMAT", "WAIT"} <= options
    running = r"^([a-z-]+): setup.*\n\t.*(?:TOOLS|CHANGES|tools)"
    targets = set.intersection(
        *({*re.findall(running, text, flags=re.MULTILINE)} for text in texts)
    )
    arguments = [
        "--dry-run",
        "--old-file=setup",
        *(f"{name}=0" for name in options),
        *sorted(targets),
    ]
    runs = [
        re.sub(r"\\\n| --own", "", make(*arguments, folder=folder).stdout) for folder in folders
    ]
    here, project = (
        [line.split() for line in re.findall(r".*\btools\.(?!page)(.*)", run)] for run in runs
    )
    assert len(here) > 6
    assert project == here


@pytest.mark.parametrize(
    ("folder", "count"), [(ROOT, 30), (ROOT / "template", 10)], ids=["platform", "project"]
)
def test_slow_targets_print_progress(folder: Path, count: int) -> None:
    """Slow targets print their own progress, or run under `tools/heartbeat.py`."""
    recipes = re.findall(r"^\t.*", makefile(folder), flags=re.MULTILINE)
    bare = [re.sub(r"\$\(BEATING\) (\S+ -m )?\S+( install)?", "", line) for line in recipes]
    slow = re.compile(
        r"\bpip (?:--\S+ )*install|-m venv|go install|cdk --|mypy\b"
        r"|\$\((?:APT\w*|UV|MAVEN|PIP)\)[ :]|(?:python -m tools|\$\(TOOLS\))\.([\w. ]+)"
    )
    own = ("local_aws up", "local_aws down", "local_aws console")
    silent = [
        line
        for line in bare
        for found in slow.finditer(line)
        if not (found[1] or "").startswith(own)
    ]
    assert silent == []
    assert sum("$(BEATING)" in line for line in recipes) > count
    assert heartbeat._FIRST_SECONDS + heartbeat._SECONDS <= 5, (
        "a command ends just before its next line"
    )


def test_heartbeat_keeps_output_and_status() -> None:
    beating = [sys.executable, "-c", "import sys; sys.path[:0] = ['tools']; import heartbeat; "]
    beating[-1] += "heartbeat._FIRST_SECONDS = heartbeat._SECONDS = 0.2; "
    beating[-1] += (
        "sys.exit(heartbeat.main(sys.executable, '-c', 'import time; time.sleep(1); "
        "print(1); raise SystemExit(3)'))"
    )
    run = subprocess.run(beating, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (3, "1\n")
    assert run.stderr.count(" s\n") >= 2


def test_slow_test_is_named_while_it_runs(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "from tests import heartbeat\n"
        "heartbeat.SILENT_SECONDS = 0.3\n"
        "from tests.heartbeat import pytest_configure\n"
    )
    (tmp_path / "test_one.py").write_text("import time\ndef test_slow(): time.sleep(1)\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        f"--rootdir={tmp_path}",
        "-c",
        "/dev/null",
        str(tmp_path),
    ]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    run = subprocess.run(
        command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stdout.splitlines()[-1][:8]) == (0, "1 passed")
    assert "s  test_one.py::test_slow\n" in run.stderr


def test_portuguese_readme_has_same_commands_and_links() -> None:
    def said(file: str) -> list[str]:
        text = (ROOT / file).read_text().replace("*[Em português](README.pt-BR.md).*", "")
        blocks = re.findall(r"^ *```(?:sh|yaml)\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
        lines = [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]
        named = re.findall(r"\]\(([^)]+)\)|`([^`\n]+)`", text)
        return sorted(re.sub("<.*?>", "<>", each) for each in [*lines, *map("".join, named)])

    assert len(said("README.md")) > 100
    assert said("README.pt-BR.md") == said("README.md")


def test_deployments_keep_rollback() -> None:
    """`--no-rollback`, or `rollback: false` in cdk.json, would leave failed resources behind."""
    assert "rollback" not in json.loads((ROOT / "cdk.json").read_text())
    deploying = [
        ROOT / "Makefile",
        ROOT / ".ci" / "run",
        *(ROOT / "tools" / "local_aws").glob("*.py"),
    ]
    assert [
        path.name
        for path in deploying
        if "no-rollback" in path.read_text() or "--rollback=false" in path.read_text()
    ] == []
