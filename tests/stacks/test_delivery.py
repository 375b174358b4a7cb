"""Application of the roles of CI/CD jobs."""

import json
import shutil
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

import aws_cdk as cdk
import pytest

from stacks.delivery import main
from stacks.deployment_target import target
from tests.conftest import STACKS
from tools.checkout import ROOT, feature_flags, settings_of
from tools.model.templates import Template

TRUSTED = "repository: example/spotmusic\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "tests" / "environments", tmp_path / "environments")
    (tmp_path / "delivery.yaml").write_text(TRUSTED)
    return tmp_path


def synthesized(checkout: Path, env: str = "dev") -> tuple[int, Path]:
    out = checkout / "cdk.out"
    return main(cdk.App(outdir=str(out), context={**feature_flags(), "env": env}), checkout), out


def test_delivery_passes_policy_packs(checkout: Path) -> None:
    status, out = synthesized(checkout)
    reports = json.loads((out / "validation-report.json").read_text())["pluginReports"]
    assert status == 0
    assert {report["pluginName"] for report in reports} >= {"AwsSolutions"}
    assert [violation["ruleName"] for report in reports for violation in report["violations"]] == []
    assert [report["pluginName"] for report in reports if report.get("suppressedViolations")] == [
        "AwsSolutions"
    ]


def test_delivery_is_one_stack_outside_platform(checkout: Path) -> None:
    _, out = synthesized(checkout)
    stacks = [path.name.partition(".")[0] for path in out.glob("*.template.json")]
    assert stacks == ["delivery"]
    assert "delivery" not in STACKS


def test_push_roles_name_repositories_of_registry(
    templates: Callable[[str], dict[str, Template]],
) -> None:
    """CloudFormation names a repository after stack and logical id, in lower case."""
    settings = settings_of("dev")
    resources = templates("dev")["registry"]["Resources"]
    ids = [id_ for id_, resource in resources.items() if resource["Type"] == "AWS::ECR::Repository"]
    names = [f"{settings.stack_name('registry')}-{id_}-ab12cd34ef56".lower() for id_ in ids]
    repositories = target(settings).repositories
    matched = {
        service: [name for name in names if fnmatchcase(name, pattern)]
        for service, pattern in repositories.items()
    }
    assert len(names) == len(repositories)
    assert sorted(name for found in matched.values() for name in found) == sorted(names)
    assert {len(found) for found in matched.values()} == {1}


@pytest.mark.parametrize(
    ("written", "env", "message"),
    [
        ("repository:\n", "dev", "delivery.yaml: repository"),
        ("repository: example\n", "dev", "Use owner/name"),
        (f"{TRUSTED}branches: main\n", "dev", "delivery.yaml: branches"),
        (f"{TRUSTED}issuer: other\n", "dev", "delivery.yaml: issuer"),
        ("repository: [\n", "dev", "delivery.yaml: file: this is not YAML"),
        (None, "dev", "delivery.yaml: file: is missing in "),
        (TRUSTED, "nowhere", "nowhere"),
        (TRUSTED, "dev,prod", "differ in account. Deploy"),
    ],
)
def test_wrong_delivery_is_refused(
    checkout: Path, capsys: pytest.CaptureFixture[str], written: str | None, env: str, message: str
) -> None:
    if written is None:
        (checkout / "delivery.yaml").unlink()
    else:
        (checkout / "delivery.yaml").write_text(written)
    status, _ = synthesized(checkout, env)
    assert status == 2
    assert message in capsys.readouterr().err


def test_delivery_has_roles_of_all_regions(checkout: Path) -> None:
    """Roles have no region: a second stack of the account could not create `spotmusic-diff`."""
    dev = (checkout / "environments" / "dev.yaml").read_text()
    for old, new in {
        "name: dev": "name: qa\nregistry: {account_scanning: false}",
        "sa-east-1": "eu-west-1",
        "10.20.": "10.50.",
    }.items():
        dev = dev.replace(old, new)
    (checkout / "environments" / "qa.yaml").write_text(dev)
    status, out = synthesized(checkout, "dev,qa")
    resources = json.loads((out / "delivery.template.json").read_text())["Resources"].values()
    rights = {
        arn["Fn::Join"][1][-1].rpartition("-role-")[2].strip("-")
        for resource in resources
        if resource["Type"] == "AWS::IAM::ManagedPolicy"
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
        if statement["Action"] == "sts:AssumeRole"
        for arn in statement["Resource"]
    }
    assert (status, rights) == (0, {"eu-west-1", "sa-east-1", "us-east-1"})


def test_delivery_separates_production(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Jobs of one account have the same rights. Those of dev would need no approval of prod."""
    with (checkout / "environments" / "dev.yaml").open("a") as dev:
        dev.write('account: "111122223333"\nregistry: {account_scanning: false}\n')
    status, out = synthesized(checkout, "dev,prod")
    assert (status, list(out.glob("*.template.json"))) == (2, [])
    assert "would change production without its approval" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("issuer", "host"),
    [("github", "token.actions.githubusercontent.com"), ("gitlab", "gitlab.com")],
)
def test_existing_provider_is_not_created(checkout: Path, issuer: str, host: str) -> None:
    """IAM has one provider per issuer and account, and rejects a second one."""
    (checkout / "delivery.yaml").write_text(
        f"{TRUSTED}issuer: {issuer}\nexisting_provider: [dev]\n"
    )
    status, out = synthesized(checkout)
    template = json.loads((out / "delivery.template.json").read_text())
    resources = list(template["Resources"].values())
    trusted = [
        statement["Principal"]["Federated"]
        for resource in resources
        if resource["Type"] == "AWS::IAM::Role"
        for statement in resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    ]
    assert status == 0
    assert "AWS::IAM::OIDCProvider" not in {resource["Type"] for resource in resources}
    assert trusted
    arn = ["arn:aws:iam::", {"Ref": "AWS::AccountId"}, f":oidc-provider/{host}"]
    assert [principal for principal in trusted if principal != {"Fn::Join": ["", arn]}] == []


def test_provider_of_another_account_is_not_used(checkout: Path) -> None:
    (checkout / "delivery.yaml").write_text(f"{TRUSTED}existing_provider: [prod]\n")
    _, out = synthesized(checkout)
    assert "AWS::IAM::OIDCProvider" in (out / "delivery.template.json").read_text()


def test_unknown_environment_of_provider_is_refused(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "delivery.yaml").write_text(f"{TRUSTED}existing_provider: [devel]\n")
    status, out = synthesized(checkout)
    assert (status, list(out.glob("*.template.json"))) == (2, [])
    refused = "delivery.yaml: existing_provider: devel is no environment. Use names of dev, prod"
    assert refused in capsys.readouterr().err


def test_shipped_trust_is_empty() -> None:
    """Users who deploy without reading would trust the repository of an example."""
    for folder in (ROOT, ROOT / "template"):
        assert "\nrepository:\n" in (folder / "delivery.yaml").read_text()
