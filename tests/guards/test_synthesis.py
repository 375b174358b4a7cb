"""What every synthesis keeps: offline, the same twice, within CloudFormation's limits, and without names of our own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, STACKS, Template, feature_flags

ENVIRONMENTS = ["dev", "staging", "prod"]
Templates = Callable[[str], dict[str, Template]]
ISOLATED = ["unshare", "--map-root-user", "--net"]
UNPACKED = Path.home() / ".cache" / "aws" / "jsii" / "package-cache"
"""Where jsii keeps what it unpacked, by checksum. Unpacking it again would take twice as long as the synthesis."""

# CloudFormation takes 500 resources and 1 MB a template (AWS CloudFormation quotas, 2026-11): a margin is ours.
MOST_RESOURCES = 400
MOST_BYTES = 900_000
MOST_OUTPUTS = 180

# Why a name is written down all the same. Whatever is not here has a name that CloudFormation makes.
NAMES = {
    ("AWS::SSM::Parameter", "Name"): "the path is the interface that services read",
    ("AWS::Route53::HostedZone", "Name"): "an address",
    ("AWS::Route53::RecordSet", "Name"): "an address",
    ("AWS::ServiceDiscovery::PrivateDnsNamespace", "Name"): "an address",
    ("AWS::ServiceDiscovery::Service", "Name"): "an address",
    ("AWS::S3::Bucket", "BucketName"): "WAF delivers to aws-waf-logs-* only",
    ("AWS::Logs::LogGroup", "LogGroupName"): "RDS, EKS and EventBridge choose the name, and a log must have its key before its first line",
    ("AWS::RDS::DBInstance", "DBInstanceIdentifier"): "it is part of the name of its log groups",
    ("AWS::EKS::Cluster", "Name"): "it is part of the name of its log group",
    ("AWS::EC2::VPCEndpoint", "ServiceName"): "the name of the service that is reached",
    ("AWS::Logs::ResourcePolicy", "PolicyName"): "required by CloudFormation",
    ("AWS::Logs::DeliverySource", "Name"): "required by CloudFormation",
    ("AWS::Logs::DeliveryDestination", "Name"): "required by CloudFormation",
    ("AWS::Backup::BackupVault", "BackupVaultName"): "required by CloudFormation; CDK makes it from the path",
    ("AWS::CloudFront::Function", "Name"): "required by CloudFormation; CDK makes it from the path",
    ("AWS::ElastiCache::User", "UserName"): "the name by which a client logs in",
    ("AWS::ApplicationAutoScaling::ScalingPolicy", "PolicyName"): "required by CloudFormation",
    ("AWS::IAM::Policy", "PolicyName"): "required by CloudFormation; CDK makes it from the path",
}
# A property of these names is a physical name; DBName, for instance, is the name of a schema within the resource.
NAME_PROPERTIES = {
    "BucketName", "RoleName", "PolicyName", "TableName", "TopicName", "QueueName", "FunctionName", "ClusterName", "ServiceName",
    "DBInstanceIdentifier", "ReplicationGroupId", "RepositoryName", "LogGroupName", "GroupName", "LoadBalancerName", "AlarmName",
    "DashboardName", "UserName", "ManagedPolicyName", "BackupVaultName", "Name",
}  # fmt: skip


def resources(templates: dict[str, Template]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for stack, template in templates.items():
        for logical_id, resource in template["Resources"].items():
            yield stack, logical_id, resource


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_there_are_eight_stacks(templates: Templates, environment: str) -> None:
    assert set(templates(environment)) == set(STACKS)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_stack_keeps_a_margin_to_the_limits_of_cloudformation(templates: Templates, environment: str) -> None:
    for stack, template in templates(environment).items():
        assert len(template["Resources"]) <= MOST_RESOURCES, stack
        assert len(json.dumps(template)) < MOST_BYTES, stack
        assert len(template.get("Outputs", {})) < MOST_OUTPUTS, stack


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nothing_is_looked_up(synthesized: Callable[[str], Path], environment: str) -> None:
    assembly = synthesized(environment)
    for manifest in (assembly / "manifest.json", assembly.parent / "manifest.json"):
        assert "missing" not in json.loads(manifest.read_text())


def synthesize(outdir: Path, environment: str) -> None:
    """Runs the real application without network, credentials, home folder or the CLI."""
    isolated = ISOLATED if can_cut_the_network() else []
    subprocess.run(
        [*isolated, sys.executable, "app.py"],
        cwd=ROOT,
        check=True,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(outdir.parent),
            "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(UNPACKED),
            "CDK_OUTDIR": str(outdir),
            "CDK_VALIDATION": "false",
            "CDK_CONTEXT_JSON": json.dumps({**feature_flags(), "env": environment}),
        },
    )


def can_cut_the_network() -> bool:
    """Linux only, and where the kernel lets an ordinary user have namespaces."""
    try:
        return subprocess.run([*ISOLATED, "true"], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def test_a_synthesis_without_network_or_credentials_is_the_same_to_the_byte(synthesized: Callable[[str], Path], tmp_path: Path) -> None:
    one, two = synthesized("prod").parent, tmp_path / "isolated"
    synthesize(two, "prod")
    files = what_is_deployed(one)
    assert files == what_is_deployed(two)
    assert sum(path.name.endswith(".template.json") for path in files) == len(STACKS)
    assert [str(path) for path in files if (one / path).read_bytes() != (two / path).read_bytes()] == []


def what_is_deployed(assembly: Path) -> set[Path]:
    """Every file of an assembly but those that hold CDK's stack traces, which tell the temporary folders that jsii ran in."""
    files = {path.relative_to(assembly) for path in assembly.rglob("*") if path.is_file()}
    return {path for path in files if path.name != "validation-report.json" and not path.name.endswith(".metadata.json")}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nothing_has_a_name_of_our_own_unless_aws_demands_it(templates: Templates, environment: str) -> None:
    named = {
        (resource["Type"], key)
        for _, _, resource in resources(templates(environment))
        for key, value in resource.get("Properties", {}).items()
        if key in NAME_PROPERTIES and isinstance(value, str)
    }
    assert named - NAMES.keys() == set()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_stack_names_tell_the_environment(synthesized: Callable[[str], Path], environment: str) -> None:
    artifacts = json.loads((synthesized(environment) / "manifest.json").read_text())["artifacts"].values()
    names = {a["properties"]["stackName"] for a in artifacts if a["type"] == "aws:cloudformation:stack"}
    assert names == {f"spotmusic-{environment}-{stack}" for stack in STACKS}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_only_the_edge_leaves_the_home_region(synthesized: Callable[[str], Path], environment: str) -> None:
    artifacts = json.loads((synthesized(environment) / "manifest.json").read_text())["artifacts"].values()
    regions = {
        a["displayName"].split(" ")[0]: a["environment"].rpartition("/")[2] for a in artifacts if a["type"] == "aws:cloudformation:stack"
    }
    assert regions == {f"{environment}/{stack}": "us-east-1" if stack == "edge" else "sa-east-1" for stack in STACKS}
