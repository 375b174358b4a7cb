"""Workflows of CI/CD: pinned actions, existing commands, and roles that their jobs may assume."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from spotmusic_constructs.delivery.trust import gitlab
from tools.checkout import ROOT

FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
PROJECT = sorted((ROOT / "template" / ".github" / "workflows").iterdir())
"""Workflows of a project: links, which copier follows."""
TOOLS = ROOT / ".tools" / "workflows" / "bin"
OPTIONAL = {"outdated"}
"""Targets that a workflow calls only if a dry run of make knows them."""
WRONG = """
on: pull_request_target
jobs:
  wrong:
    runs-on: ubuntu-nonesuch
    steps:
      - uses: actions/checkout@v7
      - run: echo "${{ github.event.pull_request.title }}"
"""


def document(path: Path) -> dict[str, Any]:
    text = path.read_text()
    read: dict[str, Any] = yaml.load(text, yaml.CBaseLoader)  # noqa: S506 - `on` is no boolean
    return read


def jobs(path: Path) -> list[dict[str, Any]]:
    return list(document(path)["jobs"].values())


def targets(text: str) -> set[str]:
    """Targets of the `make` commands of a workflow."""
    return {*re.findall(r"\bmake (?:-\S+ )*([a-z][a-z-]+)", text)}


@pytest.mark.parametrize(
    "path",
    [*WORKFLOWS, *PROJECT, ROOT / "docs" / "examples" / "gitlab-ci.yml"],
    ids=lambda path: path.name,
)
def test_workflow_calls_existing_targets(path: Path) -> None:
    makefile = ROOT / ("template" if path in PROJECT else "") / "Makefile"
    known = set(re.findall(r"^([a-z-]+):", makefile.read_text(), re.MULTILINE))
    text = path.read_text()
    guarded = {target for target in OPTIONAL if f"if make --dry-run {target} " in text}
    assert targets(text) - known - guarded == set()


def test_gitlab_pipeline_serves_every_instance_and_project() -> None:
    """IAM compares the audience with the URL of the instance. A project has no `.ci/run`."""
    pipeline = document(ROOT / "docs" / "examples" / "gitlab-ci.yml")
    assert pipeline[".deploy"]["id_tokens"] == {"AWS_TOKEN": {"aud": "$CI_SERVER_URL"}}
    assert gitlab(project="group/project", host="gitlab.example").audience == (
        "https://gitlab.example"
    )
    (checks,) = pipeline["checks"]["script"]
    assert checks.startswith("if [ -e .ci/run ]; then .ci/run; else make test; fi")


def test_project_has_workflows_of_platform() -> None:
    """Workflows have no second copy. A called workflow must exist as well."""
    assert {path.resolve() for path in PROJECT} <= set(WORKFLOWS)
    called = {
        name
        for path in PROJECT
        for name in re.findall(r"uses: \./\.github/workflows/(\S+)", path.read_text())
    }
    assert called
    assert called <= {path.name for path in PROJECT}


def test_targets_are_found_in_workflows() -> None:
    assert {"preflight", "diff", "setup", "smoke"} <= targets(
        (FOLDER / "environment.yml").read_text()
    )


def test_checks_are_all_gates() -> None:
    """Separate commands would omit steps of `.ci/steps.mk`, or skip their tests."""
    (job,) = jobs(FOLDER / "checks.yml")
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit(path: Path) -> None:
    used = re.findall(r"uses: (\S+)(.*)", path.read_text())
    foreign = [(action, comment) for action, comment in used if not action.startswith("./")]
    assert [
        a
        for a, comment in foreign
        if not (re.search(r"@[0-9a-f]{40}$", a) and re.fullmatch(r" # v\d+\.\d+\.\d+", comment))
    ] == []


def test_actions_have_one_version() -> None:
    pinned = {
        tuple(action.split("@"))
        for path in WORKFLOWS
        for action in re.findall(r"uses: (\S+)", path.read_text())
        if action[0] != "."
    }
    assert len(pinned) == len({name for name, _ in pinned}) == 5


def test_smoke_password_is_only_workflow_secret() -> None:
    """Only the step of the smoke checks receives it, in a job with an environment."""
    used = {
        (path.name, name)
        for path in WORKFLOWS
        for name in re.findall(r"secrets\.(\w+)", path.read_text())
    }
    assert used == {(name, "SMOKE_PASSWORD") for name in ("deploy.yml", "environment.yml")}
    steps = document(FOLDER / "environment.yml")["jobs"]["deploy"]["steps"]
    assert [step["run"].split()[1] for step in steps if "secrets." in str(step)] == ["smoke"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_has_least_rights(path: Path) -> None:
    assert document(path)["permissions"] == {}
    assert all(job["permissions"] for job in jobs(path))
    writes = {
        right
        for job in jobs(path)
        for right, level in job["permissions"].items()
        if level == "write"
    }
    assert writes <= {"id-token", "pull-requests", "issues"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_jobs_of_pull_requests_get_no_role(path: Path) -> None:
    """Code of a pull request is checked out only in jobs with read access to the repository."""
    if "pull_request" not in (document(path).get("on") or {}):
        return
    for job in jobs(path):
        if any("checkout" in step.get("uses", "") for step in job["steps"]):
            assert job["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_jobs_match_trust_of_their_roles(path: Path) -> None:
    """The role `diff` trusts jobs without environment, the others jobs in their environment."""
    for job in jobs(path):
        roles = [
            step["with"]["role-to-assume"]
            for step in job.get("steps", [])
            if "role-to-assume" in step.get("with", {})
        ]
        named = {
            role.partition(":role/")[2].split("-")[1]
            for role in roles
            if ":role/spotmusic-" in role
        }
        assert named <= ({"deploy", "push"} if "environment" in job else {"diff"})
        assert bool(roles) <= ("id-token" in job["permissions"])


def test_environments_may_differ_in_region() -> None:
    """Bootstrap roles are named after account and region. One variable for all would name no role
    of another region.
    """
    texts = {path.name: path.read_text() for path in WORKFLOWS}
    named = [
        {
            (file, name)
            for file, text in texts.items()
            for name in re.findall(rf"vars\.{kind}_([A-Z]+)", text)
        }
        for kind in ("ACCOUNT", "REGION")
    ]
    assert named[0] == named[1]
    assert len(named[0]) == 9
    used = [
        line.strip()
        for text in texts.values()
        for line in text.splitlines()
        if "vars.AWS_REGION" in line
    ]
    assert [line for line in used if not line.endswith("|| vars.AWS_REGION }}")] == [
        "if: vars.AWS_REGION != ''"
    ]


def test_deployments_are_serial_per_environment() -> None:
    deploy = document(FOLDER / "environment.yml")["jobs"]["deploy"]
    assert deploy["concurrency"] == {
        "group": "deploy-${{ inputs.environment }}",
        "cancel-in-progress": "false",
    }
    assert deploy["needs"] == "preflight"
    order = {
        name: job.get("needs") for name, job in document(FOLDER / "deploy.yml")["jobs"].items()
    }
    assert order == {"dev": None, "staging": "dev", "prod": ["dev", "staging"]}


@pytest.mark.parametrize(
    ("program", "options", "messages"),
    [
        (
            "actionlint",
            ["-shellcheck=", "-pyflakes="],
            ["ubuntu-nonesuch", "potentially untrusted"],
        ),
        (
            "zizmor",
            ["--offline"],
            [
                "dangerous-triggers",
                "unpinned-uses",
                "template-injection",
                "artipacked",
                "excessive-permissions",
            ],
        ),
    ],
)
def test_wrong_workflow_is_caught(
    tmp_path: Path, program: str, options: list[str], messages: list[str]
) -> None:
    if not (TOOLS / program).exists():
        pytest.skip(f"{program} is fetched by `make workflows`")
    (tmp_path / "wrong.yml").write_text(WRONG)
    ended = subprocess.run(
        [str(TOOLS / program), *options, "wrong.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode != 0
    assert [message for message in messages if message not in ended.stdout] == []


def test_workflow_checks_are_part_of_lint() -> None:
    assert re.search(r"^lint: .*\bworkflows\b", (ROOT / "Makefile").read_text(), re.MULTILINE)
