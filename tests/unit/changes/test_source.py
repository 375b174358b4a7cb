"""Templates of a deployed account and of a git ref."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tests.manifest import manifest
from tools.changes import source
from tools.model.stacks import SourceError, stacks_in

TEMPLATE = {
    "Resources": {"One": {"Type": "AWS::S3::Bucket"}, "CDKMetadata": {"Type": "AWS::CDK::Metadata"}}
}


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    """Cloud assembly of two stacks in two regions."""
    text = manifest("prod", account="444455556666", data="sa-east-1", edge="us-east-1")
    (tmp_path / "manifest.json").write_text(text)
    return tmp_path


def stub_templates(
    monkeypatch: pytest.MonkeyPatch,
    *,
    body: str | None = None,
    state: str = "UPDATE_COMPLETE",
    **answers: dict[str, Any] | str,
) -> None:
    """Stub CloudFormation: return a stack and its template, or an error, for each region."""

    def client(service: str, *, region_name: str, config: Any) -> Any:
        made = real(
            service, region_name=region_name, aws_access_key_id="x", aws_secret_access_key="x"
        )
        stub, answer = Stubber(made), answers[region_name.replace("-", "_")]
        if isinstance(answer, str):
            stub.add_client_error("describe_stacks", "ValidationError", answer)
        else:
            stack = {"StackName": "one", "CreationTime": datetime.now(UTC), "StackStatus": state}
            stub.add_response("describe_stacks", {"Stacks": [stack]})
            text = json.dumps(answer) if body is None else body
            stub.add_response("get_template", {"TemplateBody": text})
        stub.activate()
        return made

    real = boto3.client
    monkeypatch.setattr(boto3, "client", client)


def test_deployed_templates_are_read_from_each_region(
    assembly: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub_templates(
        monkeypatch,
        sa_east_1=TEMPLATE,
        us_east_1="Stack with id spotmusic-prod-edge does not exist",
    )
    assert source.deployed(assembly) == {
        "data": {"Resources": {"One": {"Type": "AWS::S3::Bucket"}}}
    }


@pytest.mark.parametrize(
    ("error", "expected"),
    [("does not exist", "None of the stacks"), ("no right", "Log in to account 444455556666")],
)
def test_unreadable_account_is_reported(
    assembly: Path, monkeypatch: pytest.MonkeyPatch, error: str, expected: str
) -> None:
    stub_templates(monkeypatch, sa_east_1=error, us_east_1=error)
    with pytest.raises(SourceError, match=expected):
        source.deployed(assembly)


@pytest.mark.parametrize("state", ["REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"])
def test_stack_that_was_never_deployed_is_new(
    assembly: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """Its template is that of a change set, or of the first deployment, which failed."""
    stub_templates(monkeypatch, state=state, sa_east_1=TEMPLATE, us_east_1=TEMPLATE)
    with pytest.raises(SourceError, match="None of the stacks"):
        source.deployed(assembly)


def test_stack_without_json_is_reported(assembly: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack that was edited in the console."""
    stub_templates(monkeypatch, body="Resources: {}", sa_east_1={}, us_east_1={})
    with pytest.raises(SourceError, match="deployed from YAML"):
        source.deployed(assembly)


@pytest.mark.parametrize(
    ("repository", "expected"),
    [(True, "not a valid object name: v9"), (False, "not a git repository")],
)
def test_refused_ref_has_the_reason_of_git(
    tmp_path: Path, repository: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    if repository:
        subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)  # noqa: S607
    with pytest.raises(SourceError, match=expected), source.of_ref(tmp_path, "v9", "prod"):
        pass


def test_ref_uses_its_own_app(tmp_path: Path) -> None:
    """The application of the ref writes the assembly. The application in the work tree
    is deleted.
    """
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "prod.yaml").write_text("name: prod\n")
    (tmp_path / "cdk.json").write_text('{"context": {}}')
    text = manifest("prod", data="sa-east-1")
    write = (
        "import os, pathlib\n"
        f"pathlib.Path(os.environ['CDK_OUTDIR'], 'manifest.json').write_text({text!r})\n"
    )
    (tmp_path / "app.py").write_text(write)
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@x.example", "-C", str(tmp_path)]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *arguments], check=True)
    (tmp_path / "app.py").unlink()
    with source.of_ref(tmp_path, "HEAD", "prod") as assembly:
        assert list(stacks_in(assembly)) == ["data"]
    with (
        pytest.raises(SourceError, match=r"HEAD has no environments/qa.yaml"),
        source.of_ref(tmp_path, "HEAD", "qa"),
    ):
        pass
