"""Estimate as a command: reports, comparison, and one message for each mistake."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from spotmusic_cdk.command_line import CommandError
from tests.conftest import sample_of
from tests.manifest import manifest
from tools.changes import source
from tools.checkout import ROOT
from tools.cost import __main__ as command
from tools.cost import prices
from tools.cost.estimate import estimate
from tools.cost.prices import CostError, Price, Prices

ENVIRONMENTS = ROOT / "tests" / "environments"
CACHE = {
    "CacheNodeType": "cache.r7g.large",
    "Engine": "redis",
    "NumNodeGroups": 1,
    "ReplicasPerNodeGroup": 2,
}


def assembly_of(folder: Path, **stacks: dict[str, dict[str, Any]]) -> Path:
    """Cloud assembly with one template for each stack, in sa-east-1."""
    folder.mkdir(exist_ok=True)
    for stack, resources in stacks.items():
        body = {
            "Resources": {
                id_: {"Type": about["Type"], "Properties": about.get("Properties", {})}
                for id_, about in resources.items()
            }
        }
        (folder / f"{stack}.json").write_text(json.dumps(body))
    (folder / "manifest.json").write_text(manifest("prod", **dict.fromkeys(stacks, "sa-east-1")))
    return folder


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    """Assembly of a cache, a key and an address."""
    return assembly_of(
        tmp_path / "now",
        network={"Address": {"Type": "AWS::EC2::EIP"}},
        data={
            "Cache": {"Type": "AWS::ElastiCache::ReplicationGroup", "Properties": CACHE},
            "Key": {"Type": "AWS::KMS::Key"},
        },
    )


def run(*arguments: str | Path) -> None:
    command.main(["--env", "prod", "--environments", str(ENVIRONMENTS), *map(str, arguments)])


def refused(*arguments: str | Path) -> str:
    """Message of a command that fails."""
    with pytest.raises(CommandError) as raised:
        run(*arguments)
    return str(raised.value)


def test_replica_costs_instance_and_storage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A replica has no backups, and its template has no size of its storage."""
    source = {"DBInstanceClass": "db.r8g.large", "AllocatedStorage": "100", "MultiAZ": False}
    replica = {"DBInstanceClass": "db.r8g.large", "SourceDBInstanceIdentifier": {"Ref": "Instance"}}
    database, reader = (
        {"Type": "AWS::RDS::DBInstance", "Properties": properties}
        for properties in (source, replica)
    )
    alone = assembly_of(tmp_path / "alone", data={"Instance": database})
    both = assembly_of(tmp_path / "both", data={"Instance": database, "Reader1Instance": reader})

    def items(assembly: Path) -> dict[str, float]:
        run("--assembly", assembly, "--format", "json")
        return {
            line["label"]: line["usd"][1] for line in json.loads(capsys.readouterr().out)["lines"]
        }

    before, now = items(alone), items(both)
    assert now["database reader1, db.r8g.large"] == before["database , db.r8g.large"]
    assert now["database storage"] == pytest.approx(2 * before["database storage"])
    assert now["database backups"] == before["database backups"]


@pytest.mark.parametrize(("copied", "vaults"), [("IdentityInstance", 1), ("AudioBucket", 2)])
def test_audio_is_paid_in_its_vaults(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], copied: str, vaults: int
) -> None:
    def backup(type_: str, **properties: Any) -> dict[str, Any]:
        return {"Type": f"AWS::Backup::{type_}", "Properties": properties}

    def selection(plan: str, resource: str) -> dict[str, Any]:
        selected = {"Resources": [{"Fn::GetAtt": [resource, "Arn"]}]}
        return backup(
            "BackupSelection",
            BackupPlanId={"Fn::GetAtt": [plan, "BackupPlanId"]},
            BackupSelection=selected,
        )

    target = {"TargetBackupVault": {"Fn::GetAtt": ["Vault", "BackupVaultName"]}}
    copy = {
        "CopyActions": [{"DestinationBackupVaultArn": {"Fn::GetAtt": ["Copies", "BackupVaultArn"]}}]
    }
    data = {
        "Vault": backup("BackupVault"),
        "Copies": backup("BackupVault"),
        "Plan": backup("BackupPlan", BackupPlan={"BackupPlanRule": [target]}),
        "CopyPlan": backup("BackupPlan", BackupPlan={"BackupPlanRule": [{**target, **copy}]}),
        "Data": selection("Plan", "AudioBucket"),
        "Copied": selection("CopyPlan", copied),
    }
    run("--assembly", assembly_of(tmp_path / "now", data=data), "--format", "json")
    (line,) = json.loads(capsys.readouterr().out)["lines"]
    assert (line["label"], line["usd"][1]) == (
        "audio backups",
        pytest.approx(vaults * 1_000 * 0.05),
    )


def test_report_has_stacks_total_and_savings(
    assembly: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("--assembly", assembly)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:2] == ["prod:", "USD"]
    expected = "data                                                  956        956        956"
    assert expected in lines
    assert any(line.startswith("     286  Reserve the cache nodes") for line in lines)
    assert any("191  Use Valkey in place of Redis" in line for line in lines)
    assert all(len(line) <= 100 for line in lines)


def test_json_has_every_line_and_level(assembly: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("--assembly", assembly, "--format", "json")
    found = json.loads(capsys.readouterr().out)
    assert found["total"] == [959.49] * 3
    assert found["listeners"] == [69_500, 347_500, 695_000]
    assert {line["label"] for line in found["lines"]} == {
        "public addresses",
        "cache, cache.r7g.large redis",
        "keys",
    }


def test_markdown_shows_the_difference(
    assembly: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    before = assembly_of(tmp_path / "before", network={}, data={"Key": {"Type": "AWS::KMS::Key"}})

    @contextmanager
    def of_ref(_checkout: Path, _ref: str, _environment: str) -> Iterator[Path]:
        yield before

    monkeypatch.setattr(source, "of_ref", of_ref)
    monkeypatch.setattr(command, "_require_ref", lambda _ref: None)
    run("--assembly", assembly, "--base", "main", "--format", "markdown")
    text = capsys.readouterr().out
    assert "| data | 956 | 956 | 956 | +955 |" in text
    assert "| network | 4 | 4 | 4 | +3.65 |" in text
    assert "against `main`" in text
    run("--assembly", assembly, "--base", "main")
    assert ["all", "+958", "+958", "+958"] in [
        line.split() for line in capsys.readouterr().out.splitlines()
    ]


def test_budget_below_estimate_warns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = {
        f"C{n}": {"Type": "AWS::ElastiCache::ReplicationGroup", "Properties": CACHE}
        for n in range(120)
    }
    run("--assembly", assembly_of(tmp_path / "many", data=nodes))
    expected = "Warning: The estimate exceeds observability.monthly_budget_usd"
    assert expected in capsys.readouterr().out


@pytest.mark.parametrize(
    ("region", "warned"),
    [("sa-east-1", 0), ("eu-central-1", 0), ("ap-northeast-1", 1), ("af-south-1", 1)],
)
def test_cheaper_continent_of_cloudfront_warns(region: str, warned: int) -> None:
    settings = sample_of("prod").model_copy(update={"region": region})
    warnings = estimate({}, {}, settings, prices.read()).warnings(date.today())
    found = sum(warning.startswith("CloudFront has its lowest prices") for warning in warnings)
    assert found == warned


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--env", "nowhere"], "there is no environment 'nowhere'"),
        (["--base", "no-such-ref"], "BASE=no-such-ref is not a commit of this repository"),
        (["--assembly", "/nowhere"], "/nowhere: 0 environments found"),
        (["--prices", "/nowhere/prices.csv"], "prices.csv cannot be read"),
    ],
)
def test_mistake_has_one_message(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in refused(*arguments)
    assert capsys.readouterr().out == ""


def test_own_resource_without_price_is_named(
    assembly: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A type that the platform does not have, or a variant of one: Aurora has no
    separate storage.
    """
    aurora = {"DBInstanceClass": "db.r8g.large", "DBClusterIdentifier": {"Ref": "Cluster"}}
    own: dict[str, dict[str, Any]] = {
        "Table": {"Type": "AWS::DynamoDB::Table"},
        "Writer": {"Type": "AWS::RDS::DBInstance", "Properties": aurora},
    }
    run("--assembly", assembly_of(assembly, own=own, data={"Key": {"Type": "AWS::KMS::Key"}}))
    out = capsys.readouterr().out
    expected = (
        "Warning: Without a price, and not in the estimate: "
        "AWS::DynamoDB::Table, AWS::RDS::DBInstance."
    )
    assert expected in out
    assert ["all", "1", "1", "1"] in [line.split() for line in out.splitlines()]


def test_own_stack_may_reference_values(assembly: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An endpoint of the region by reference, values of a chart with numbers, a default engine."""
    name = {"Fn::Join": ["", ["com.amazonaws.", {"Ref": "AWS::Region"}, ".s3"]]}
    requests = {"requests": {"cpu": 1, "memory": "1Gi"}}
    values = {"replicas": 2, "resources": requests, "sidecar": {"resources": {"requests": None}}}
    chart = {"Release": "own", "Values": json.dumps(values)}
    plain = {"Release": "plain"}
    own: dict[str, dict[str, Any]] = {
        "Gateway": {"Type": "AWS::EC2::NatGateway"},
        "Endpoint": {"Type": "AWS::EC2::VPCEndpoint", "Properties": {"ServiceName": name}},
        "Cluster": {"Type": "AWS::EKS::Cluster"},
        "Chart": {"Type": "Custom::AWSCDK-EKS-HelmChart", "Properties": chart},
        "Plain": {"Type": "Custom::AWSCDK-EKS-HelmChart", "Properties": plain},
        "Cache": {
            "Type": "AWS::ElastiCache::ReplicationGroup",
            "Properties": {"CacheNodeType": "cache.r7g.large"},
        },
    }
    run("--assembly", assembly_of(assembly, own=own), "--all")
    out = capsys.readouterr().out
    assert "not in the estimate: AWS::ElastiCache::ReplicationGroup.\n" in out
    assert {"nodes, general", "NAT gateways"} <= {line[2:46].strip() for line in out.splitlines()}


@pytest.mark.parametrize("type_", ["AWS::EC2::NatGateway", "AWS::EKS::Cluster"])
def test_region_without_prices_names_command(type_: str) -> None:
    settings = sample_of("prod").model_copy(update={"region": "eu-central-1"})
    templates = {"own": {"Resources": {"One": {"Type": type_}}}}
    with pytest.raises(CostError, match=r"in eu-central-1\. Run `make prices REGION=eu-central-1`"):
        estimate(templates, {"own": "eu-central-1"}, settings, prices.read())


def test_missing_price_is_named(assembly: Path, tmp_path: Path) -> None:
    rows = [
        line
        for line in prices.PATH.read_text().splitlines(keepends=True)
        if "PublicIPv4" not in line
    ]
    (tmp_path / "prices.csv").write_text("".join(rows))
    expected = "No price of AmazonVPC PublicIPv4:InUseAddress in sa-east-1. Run"
    assert expected in refused("--assembly", assembly, "--prices", tmp_path / "prices.csv")


def test_malformed_prices_are_refused(assembly: Path, tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("service,usage\nAmazonVPC,x\n")
    message = refused("--assembly", assembly, "--prices", tmp_path / "prices.csv")
    assert "prices.csv has a malformed row" in message


def test_base_without_git_is_refused(assembly: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "BASE needs git" in refused("--assembly", assembly, "--base", "main")


def test_failed_base_synthesis_is_named(
    assembly: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = tmp_path / "checkout"
    (checkout / "environments").mkdir(parents=True)
    (checkout / "environments" / "prod.yaml").write_text("name: prod\n")
    (checkout / "cdk.json").write_text('{"context": {}}')
    (checkout / "app.py").write_text('raise SystemExit("boom")\n')
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example", "-C", str(checkout)]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "One"]):
        subprocess.run([*git, *arguments], check=True)
    monkeypatch.setattr(command, "CHECKOUT", checkout)
    message = refused("--assembly", assembly, "--base", "HEAD")
    assert "BASE=HEAD cannot be synthesized: boom. Use a ref" in message


def test_tiers_are_paid_one_after_another() -> None:
    def tier(start: float, usd: float) -> Price:
        return Price("A", "B", "GB", "any", start, usd, date(2026, 1, 1), "verified", "")

    known = Prices([tier(100, 0.5), tier(0, 1)])
    assert (known.usd("A", "B", "x", 50), known.usd("A", "B", "x", 300)) == (50, 200)
    with pytest.raises(CostError, match="No price of A C in x"):
        known.usd("A", "C", "x", 1)


@pytest.mark.parametrize(
    ("read", "old"), [(date(2026, 8, 1), False), (date(2026, 7, 31), True), (None, True)]
)
def test_prices_age_after_120_days(read: date | None, old: bool) -> None:
    assert Price("A", "B", "GB", "any", 0, 1, read, "verified", "").old(date(2026, 11, 29)) is old


def test_shipped_prices_have_source_and_status() -> None:
    rows = prices.PATH.read_text().splitlines()
    assert rows[0] == ",".join(prices.COLUMNS)
    known = prices.read()
    assert len(known) == len(rows) - 1
    assert {row.status for row in known} == {"verified", "unverified", "assumed"}
    assert [row for row in known if not row.source] == []
