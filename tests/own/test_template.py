"""Projects that copier renders from `template` (docs/own-platform.md)."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import aws_cdk as cdk
import pytest

from spotmusic_cdk.settings import load
from spotmusic_cdk.settings.model import LONGEST_NAME
from spotmusic_cdk.settings.regions import usual_zones
from stacks import delivery
from tests.conftest import STACKS, TODAY
from tools.checkout import ROOT, feature_flags, synthesize

COPIER = ROOT / ".tools" / "copier" / "bin"
SOURCES = (
    ".github/workflows",
    "cdk.json",
    "copier.yml",
    "docs/own-platform.md",
    "environments/schema.json",
    "package-lock.json",
    "package.json",
    "pyproject.toml",
    "requirements.lock",
    "spotmusic_cdk/settings/regions.py",
    "template",
    "tools/heartbeat.py",
)
"""Files for a rendering."""
PRODUCTION = {
    "region": "ap-northeast-1",
    "services": "lyrics, playback",
    "domain": "music.example",
    "hosted_zone_id": "Z0123456789EXAMPLE",
    "prod_account": "111122223333",
    "alarm_email": "platform@music.example",
}
LONGEST = {
    "region": "us-east-1",
    "name": "n" * 40,
    "services": f"web-api, {'s' * LONGEST_NAME}",
    "domain": f"{'d' * 38}.example",
    "alarm_email": "#it's&*{platform}@music.example",
}
"""Unusual answers, each of which the settings accept."""
REFUSED = [
    ("name", "My Platform", "My Platform is not a name. Use"),
    ("name", f"{LONGEST['name']}n", "n is not a name. Use at most 40"),
    ("region", "sa-est-1", "Invalid choice for 'region': 'sa-est-1' is not in"),
    ("services", "web-api, Lyrics", '"Lyrics" is not a service. Use'),
    ("services", f"{LONGEST['services']}s", 's" is not a service. Use at most 24'),
    ("dev_account", "1111", "1111 is not an AWS account. Use its 12 digits."),
    ("dev_cidr", "10.256.0.0/16", "10.256.0.0/16 is not a range"),
    ("domain", "music", "music is not a domain. Use"),
    ("domain", f"d{LONGEST['domain']}", "example is not a domain. Use a name of at most 46"),
    ("hosted_zone_id", "music.example", "music.example is not a hosted zone. Use"),
    ("prod_account", "", " is not an AWS account. Use its 12 digits."),
    ("prod_cidr", "10.20.0.0/16", "10.20.0.0/16 overlaps 10.20.0.0/16 of dev. Choose"),
    ("alarm_email", "platform", "platform is not an e-mail address. Use"),
    ("alarm_email", "one@music.example,two", "two is not an e-mail address. Use"),
]
"""Rejected answers, with their messages."""
ASK = """\
import json, sys
from copier import run_copy
for folder, data in json.loads(sys.argv[2]):
    try:
        run_copy(sys.argv[1], folder, data=data, defaults=True, quiet=True)
        print("accepted")
    except Exception as error:
        print(error)
"""
"""Copies with answers, all in one process, because copier takes half a second to start."""

pytestmark = pytest.mark.skipif(not COPIER.exists(), reason="needs copier: make new fetches it")


def git(folder: Path, *arguments: str) -> None:
    """Run git as a user without configuration."""
    command = [
        "git",
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b.example",
        "-C",
        str(folder),
        *arguments,
    ]
    subprocess.run(command, check=True)


def commit(folder: Path, tag: str) -> None:
    """Commit everything and tag it."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", tag)
    git(folder, "tag", tag)


def copier(*arguments: str | Path) -> None:
    """Run copier's command line."""
    subprocess.run([COPIER / "copier", *arguments], check=True, capture_output=True)


def sources_in(folder: Path) -> Path:
    """Template of the checkout, without git. Otherwise copier clones a repository for each copy."""
    for name in SOURCES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        copy = (
            partial(shutil.copytree, symlinks=True) if (ROOT / name).is_dir() else shutil.copyfile
        )
        copy(ROOT / name, folder / name)
    return folder


def released(folder: Path) -> tuple[Path, Path]:
    """Return a repository with a release, and a project of it that is not committed."""
    repository, project = sources_in(folder / "platform"), folder / "mine"
    git(repository, "init", "--quiet")
    commit(repository, "v0.1.0")
    copier("copy", "--defaults", repository, project)
    git(folder, "init", "--quiet", str(project))
    return repository, project


@dataclass(frozen=True)
class Copies:
    """Projects of the template.

    Args:
        default: project with the default answers.
        production: project with PRODUCTION.
        longest: project with LONGEST and PRODUCTION.
        refused: folder without a project, for the answers in REFUSED.
        messages: message of each copy: `accepted`, or a refusal.
    """

    default: Path
    production: Path
    longest: Path
    refused: Path
    messages: list[str]


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Copies:
    base = tmp_path_factory.mktemp("copies")
    default, production, longest, refused = (
        base / name for name in ("default", "production", "longest", "refused")
    )
    answered = [(default, {}), (production, PRODUCTION), (longest, {**PRODUCTION, **LONGEST})]
    wrong = [(refused, {**PRODUCTION, key: answer}) for key, answer, _ in REFUSED]
    asked = json.dumps([(str(folder), data) for folder, data in [*answered, *wrong]])
    command = [str(COPIER / "python"), "-c", ASK, str(sources_in(base / "platform")), asked]
    messages = subprocess.run(
        command, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    return Copies(default, production, longest, refused, messages)


@pytest.mark.filterwarnings("ignore::spotmusic_cdk.settings.SettingsWarning")
def test_template_renders_valid_production(copies: Copies) -> None:
    project = copies.production
    for name in ("dev", "prod"):
        settings = load(name, folder=project / "environments", today=TODAY)
        assert settings.identity.display_name == "My Platform"
        assert (list(settings.services), list(settings.zones)) == (
            ["lyrics", "playback"],
            usual_zones("ap-northeast-1"),
        )
    for name in (
        "environments/schema.json",
        "package-lock.json",
        "package.json",
        "requirements.lock",
    ):
        assert (project / name).read_text() == (ROOT / name).read_text()
    assert len([path for path in files(project) if path.parts[0] != "wheels"]) <= 20


@pytest.mark.filterwarnings("ignore::spotmusic_cdk.settings.SettingsWarning")
def test_template_renders_longest_answers(copies: Copies) -> None:
    prod = load("prod", folder=copies.longest / "environments", today=TODAY)
    assert prod.identity.display_name == LONGEST["name"].title()
    assert {*prod.services} == {*LONGEST["services"].split(", ")}
    assert prod.domain
    assert prod.domain.name == LONGEST["domain"]
    assert prod.observability.alarm_emails == (LONGEST["alarm_email"],)


def test_readme_bootstraps_each_region_once(copies: Copies) -> None:
    """The CDK CLI bootstraps all that are named at the same time, a repeated one as well."""
    assert [
        re.findall(r"aws://ACCOUNT/(\S+)", (project / "README.md").read_text())
        for project in (copies.production, copies.longest)
    ] == [["ap-northeast-1", "us-east-1"], ["us-east-1"]]


def files(folder: Path) -> Iterator[Path]:
    """Files of a project, relative to it."""
    yield from (
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.parts
    )


def test_template_default_synthesizes(copies: Copies, wheels: list[Path], tmp_path: Path) -> None:
    """The wheels synthesize the same templates as the checkout (test_wheels.py)."""
    pinned = re.findall(
        r"^(spotmusic-\S+)==(\S+)$",
        (copies.default / "requirements.txt").read_text(),
        flags=re.MULTILINE,
    )
    assert sorted(
        f"{name.replace('-', '_')}-{version}-py3-none-any.whl" for name, version in pinned
    ) == [wheel.name for wheel in wheels]
    assert (copies.default / "app.py").read_text() == (ROOT / "template" / "app.py").read_text()
    synthesize(
        load("dev", folder=copies.default / "environments", today=TODAY),
        outdir=tmp_path,
        policies=False,
        assets=False,
    )
    assert len([*tmp_path.glob("assembly-dev/*.template.json")]) == len(STACKS)


@pytest.mark.filterwarnings("ignore::spotmusic_cdk.settings.SettingsWarning")
def test_project_can_deploy_by_workflows(copies: Copies, installed: Path, tmp_path: Path) -> None:
    """Workflows of the platform, and the command of docs/ci-cd.md that creates their roles."""
    workflows = [*(copies.production / ".github" / "workflows").iterdir()]
    assert "deploy.yml" in {path.name for path in workflows}
    for path in workflows:
        assert not path.is_symlink()
        assert path.read_text() == (ROOT / ".github" / "workflows" / path.name).read_text()
    (module,) = re.findall(r"module is `([\w.]+)`", (ROOT / "docs" / "ci-cd.md").read_text())
    assert (installed / module.replace(".", "/")).with_suffix(".py").exists()
    project = shutil.copytree(copies.production, tmp_path / "mine")
    trusted = project / "delivery.yaml"
    trusted.write_text(trusted.read_text().replace("repository:", "repository: example/mine"))
    app = cdk.App(
        outdir=str(tmp_path / "out"),
        context={**feature_flags(), "env": "prod", "validation": False},
    )
    assert delivery.main(app, project) == 0
    assert (tmp_path / "out" / "delivery.template.json").exists()


def test_readme_has_tested_stack(copies: Copies) -> None:
    """test_wheels.py synthesizes the example of the document."""
    documented, shown = (
        re.findall(r"```python\n.*?```", path.read_text(), flags=re.DOTALL)
        for path in (ROOT / "docs" / "own-platform.md", copies.default / "README.md")
    )
    assert (len(shown), shown) == (1, documented)


def test_template_refuses_wrong_answers(copies: Copies) -> None:
    accepted, refusals = copies.messages[:3], copies.messages[3:]
    assert accepted == ["accepted"] * 3
    assert len(refusals) == len(REFUSED)
    assert [
        (refusal, wanted)
        for refusal, (_, _, wanted) in zip(refusals, REFUSED, strict=True)
        if wanted not in refusal
    ] == []
    assert not copies.refused.exists()


def test_template_update_keeps_own_changes(tmp_path: Path) -> None:
    repository, project = released(tmp_path)
    own = {
        "app.py": "\n# Ours.\n",
        "environments/dev.yaml": "owner: music\n",
        "README.md": "\n## Ours\n",
    }
    for name, text in own.items():
        (project / name).write_text((project / name).read_text() + text)
    commit(project, "edited")

    later = {
        "pyproject.toml": ('"0.1.0"', '"0.2.0"'),
        "template/Makefile": ("ENV ?= dev", "ENV ?= dev\nLATER := 1"),
    }
    for name, (old, new) in later.items():
        (repository / name).write_text((repository / name).read_text().replace(old, new, 1))
    dev = repository / "template" / "environments" / "dev.yaml.jinja"
    dev.write_text(dev.read_text().replace("2500", "3000"))
    commit(repository, "v0.2.0")
    copier("update", "--defaults", project)

    assert "LATER := 1" in (project / "Makefile").read_text()
    assert "spotmusic-on-aws==0.2.0" in (project / "requirements.txt").read_text()
    assert [
        name for name, text in own.items() if not (project / name).read_text().endswith(text)
    ] == []
    assert "monthly_budget_usd: 2500" in (project / "environments" / "dev.yaml").read_text()
    assert [
        path
        for path in files(project)
        if path.suffix == ".rej" or b"<<<<<<<" in (project / path).read_bytes()
    ] == []


def test_template_update_restores_no_environment(tmp_path: Path) -> None:
    """A project may rename dev. A domain that is answered later creates production."""
    repository, project = released(tmp_path)
    (project / "environments" / "dev.yaml").rename(project / "environments" / "test.yaml")
    commit(project, "renamed")

    (repository / "pyproject.toml").write_text('version = "0.2.0"')
    commit(repository, "v0.2.0")
    answers = [f"--data={key}={answer}" for key, answer in PRODUCTION.items()]
    copier("update", "--defaults", *answers, project)

    assert "spotmusic-on-aws==0.2.0" in (project / "requirements.txt").read_text()
    environments = sorted(path.name for path in (project / "environments").glob("*.yaml"))
    assert environments == ["prod.yaml", "test.yaml"]
