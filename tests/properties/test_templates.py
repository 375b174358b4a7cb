"""Promises: Templates."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from spotmusic_constructs.edge_region import EDGE_REGION
from spotmusic_constructs.tagging import UNTAGGED
from tests.conftest import STACKS
from tests.properties import made_by_eks
from tests.properties.conftest import ENVIRONMENTS
from tests.properties.databases import is_replica
from tests.properties.promise import Verdicts, promise
from tools.changes.resources import HOLDS_DATA
from tools.checkout import ROOT, feature_flags
from tools.local_aws.session import jsii_cache
from tools.model.assembly import Assembly, Resource
from tools.model.cluster import RenderedCluster
from tools.model.stacks import stacks_in
from tools.model.values import as_list

DATA_CLASSES = {"public", "internal", "personal", "secret"}

# CloudFormation allows 500 resources, 1 MB and 200 outputs a template (AWS CloudFormation quotas,
# 2026-11). The margin is the project's.
MOST_RESOURCES = 400
MOST_BYTES = 900_000
MOST_OUTPUTS = 180

FROZEN = ROOT / "tests" / "stacks" / "stateful_resources.json"
FROZEN_OPTIONS = FROZEN.with_name("optional_stateful_resources.json")
"""Resources that hold data if an option is enabled, by the key of the option."""
MADE_AGAIN = {"AWS::EKS::Cluster", "AWS::ElastiCache::ReplicationGroup"}
"""Resources that code and snapshots restore. All others are retained."""
MAY_HOLD_DATA = (
    "AWS::DocDB::",
    "AWS::DynamoDB::",
    "AWS::EFS::",
    "AWS::Kinesis::",
    "AWS::MSK::",
    "AWS::OpenSearchService::",
)
"""Types of services with data that the platform does not use. Queues hold events for days, and tags
state the same."""

BRAZIL = ("sa-east-1",)
AT_THE_EDGE = (
    "AWS::CertificateManager::Certificate",
    "AWS::CloudFront::",
    "AWS::CloudWatch::Alarm",
    "AWS::Events::Rule",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Role",
    "AWS::KMS::",
    "AWS::Logs::Delivery",
    "AWS::Route53::RecordSet",
    "AWS::SNS::",
    "AWS::SSM::Parameter",
    "AWS::WAFv2::",
)
"""Types in us-east-1: those that CloudFront requires there, their alarms, and the rule that
forwards events to the home region."""
LOGS_OF_THE_EDGE = {
    "AWS::WAFv2::LoggingConfiguration": "LogDestinationConfigs",
    "AWS::Logs::DeliveryDestination": "DestinationResourceArn",
}
REPLICATED_BY = {
    "AWS::ElastiCache::ReplicationGroup": "GlobalReplicationGroupId",
    "AWS::KMS::Key": "MultiRegion",
    "AWS::RDS::DBInstance": "AutomaticBackupReplicationRegion",
    "AWS::S3::Bucket": "ReplicationConfiguration",
    "AWS::SecretsManager::Secret": "ReplicaRegions",
}
ISOLATED = ["unshare", "--map-root-user", "--net"]
REPLICATING = (
    "AWS::ECR::ReplicationConfiguration",
    "AWS::ElastiCache::GlobalReplicationGroup",
    "AWS::RDS::GlobalCluster",
)


@promise
def test_p125_production_stacks_have_termination_protection(
    platform: Assembly, synthesized: Callable[[str], Path]
) -> Verdicts:
    """Stacks of production have termination protection.

    Kept by: `production`
    """
    for name, stack in stacks_in(synthesized(platform.name)).items():
        yield f"protection of {name}", stack.protected, "Set production: true."


@cache
def tag_property(type_: str, region: str) -> str | None:
    """Tag property of a type, from CloudFormation's schema; None without tags."""
    if type_.startswith("Custom::"):
        return None
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, type_).schema
    tagging = schema.get("tagging", {})
    name = str(tagging.get("tagProperty", "/properties/Tags")).rpartition("/")[2]
    return name if tagging.get("taggable", True) and name in schema["properties"] else None


def tags_in(resource: Resource, name: str) -> dict[str, str]:
    tags = resource[name] or {}
    return dict(tags) if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags}


@promise
def test_p126_resources_have_tags(platform: Assembly, cluster: RenderedCluster) -> Verdicts:
    """Every resource that supports tags has tags for project, environment, owner, cost center and
    class of data, by CloudFormation's schemas. This includes resources that ECS, ECR and EKS create
    later: tasks, repositories, nodes with their disks and interfaces, and volumes. EKS is allowed
    these tag keys for this cluster only. An existing StorageClass keeps its tags.

    Kept by: `EnvironmentStack`, [`tagging.py`](../constructs/spotmusic_constructs/tagging.py),
    `TaggingRights`, [ADR 15](adr/0015-tags-of-nodes-and-volumes.md)
    """
    settings = platform.settings
    wanted = {
        "Project": "spotmusic",
        "Env": settings.name,
        "Owner": settings.owner,
        "CostCenter": settings.cost_center,
    } | settings.tags
    tagged: dict[str, str | None] = {
        "AWS::ECR::RepositoryCreationTemplate": "ResourceTags"
    }  # those of the repositories that ECR makes
    for resource in platform.resources:
        region = EDGE_REGION if resource.stack == "edge" else settings.region
        name = tagged.get(resource.type) or tag_property(resource.type, region)
        if name is None:
            continue
        if resource.type in UNTAGGED:
            yield (
                resource,
                not resource[name],
                "Leave the tags out: a changed tag would update it (tagging.UNTAGGED).",
            )
            continue
        tags = tags_in(resource, name)
        wrong = made_by_eks.lacking(tags, wanted)
        yield (
            resource,
            not wrong,
            (
                f"Its {name} lack {wrong}: what CDK does not tag gets its tags by "
                "spotmusic_constructs.tagging."
            ),
        )
        yield (
            resource,
            tags.get("DataClass") in DATA_CLASSES,
            f"Set its DataClass: {sorted(DATA_CLASSES)}.",
        )
    for service in platform.some("AWS::ECS::Service"):
        yield (
            service,
            service["PropagateTags"] == "SERVICE",
            "Propagate its tags to its tasks, which cause the costs.",
        )
    asked_for = dict(made_by_eks.asked_for(cluster))
    kinds = {subject.partition(" ")[0] for subject in asked_for}
    yield (
        "nodes and volumes",
        kinds == {"NodeClass", "StorageClass"},
        "Nodes and volumes cost most: name their tags where EKS reads them.",
    )
    for subject, tags in asked_for.items():
        wrong = made_by_eks.lacking(tags, wanted)
        yield (
            subject,
            not wrong,
            (
                f"What EKS makes by it lacks {wrong}: "
                "hand the tags of the stack to the chart `ground`."
            ),
        )
        yield (
            subject,
            tags.get("DataClass") in DATA_CLASSES,
            f"Set its DataClass: {sorted(DATA_CLASSES)}.",
        )
    yield from made_by_eks.eks_may_tag(
        platform, {key for tags in asked_for.values() for key in tags}
    )


@promise
def test_p127_templates_stay_below_limits(
    platform: Assembly, synthesized: Callable[[str], Path]
) -> Verdicts:
    """Every template stays below CloudFormation's limits with a margin: 400 of 500 resources, 900
    kB of 1 MB, 179 of 200 outputs.

    Kept by: eight stacks
    """
    assembly = synthesized(platform.name)
    for name, stack in stacks_in(assembly).items():
        template = platform.templates[name]
        resources, outputs = len(template["Resources"]), len(template.get("Outputs", {}))
        size = stack.template.stat().st_size
        yield (
            name,
            resources <= MOST_RESOURCES,
            f"It has {resources} resources, {MOST_RESOURCES} at the most. Split it.",
        )
        yield name, size < MOST_BYTES, f"It has {size} bytes. Shorten its texts, or split it."
        yield (
            name,
            outputs < MOST_OUTPUTS,
            f"It has {outputs} outputs, which other stacks read. Name fewer things from elsewhere.",
        )


def test_p131_offline_synthesis_is_identical(
    synthesized: Callable[[str], Path], tmp_path: Path
) -> None:
    """Two syntheses of production are byte-identical, the second without network, credentials and
    home folder. No environment uses context lookups.

    Kept by: zones, prefix lists and versions are written down
    """
    for environment in ENVIRONMENTS:
        for manifest in (
            synthesized(environment) / "manifest.json",
            synthesized(environment).parent / "manifest.json",
        ):
            assert "missing" not in json.loads(manifest.read_text()), (
                f"{environment} looks something up: write it into the environment file"
            )
    one, two = synthesized("prod").parent, tmp_path / "isolated"
    synthesize_isolated(two, "prod")
    files = what_is_deployed(one)
    assert files == what_is_deployed(two)
    assert sum(path.name.endswith(".template.json") for path in files) == len(STACKS)
    assert [
        str(path) for path in files if (one / path).read_bytes() != (two / path).read_bytes()
    ] == []


def synthesize_isolated(outdir: Path, environment: str) -> None:
    """Run the real application without network, credentials, home folder or the CLI."""
    isolated = ISOLATED if can_cut_the_network() else []
    subprocess.run(
        [*isolated, sys.executable, "-OO", "app.py"],
        cwd=ROOT,
        check=True,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(outdir.parent),
            "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(jsii_cache()),
            "CDK_OUTDIR": str(outdir),
            "CDK_VALIDATION": "false",
            "CDK_CONTEXT_JSON": json.dumps(
                {**feature_flags(), "env": environment, "validation": False}
            ),
        },
    )


def can_cut_the_network() -> bool:
    """Return True on Linux if the kernel allows unprivileged network namespaces."""
    try:
        return subprocess.run([*ISOLATED, "true"], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def what_is_deployed(assembly: Path) -> set[Path]:
    """Files of an assembly except CDK's stack traces, which contain temporary paths of jsii."""
    files = {path.relative_to(assembly) for path in assembly.rglob("*") if path.is_file()}
    return {
        path
        for path in files
        if path.name != "validation-report.json" and not path.name.endswith(".metadata.json")
    }


@promise
def test_p132_stateful_resources_keep_ids(platform: Assembly) -> Verdicts:
    """Resources that hold data keep their logical ids and are retained when their stack is deleted.
    Resources that remain after a failed first deployment do not block the names of the next one.

    Kept by: [`stateful_resources.json`](../tests/stacks/stateful_resources.json), and [those of
    options](../tests/stacks/optional_stateful_resources.json)
    """
    frozen: dict[str, str] = json.loads(FROZEN.read_text())
    options: dict[str, dict[str, str]] = json.loads(FROZEN_OPTIONS.read_text())
    for option in platform.turned_on(options):
        frozen |= options[option]
    holding = (
        resource
        for resource in platform.resources
        if resource.type in HOLDS_DATA and not is_replica(resource)
    )
    now = {f"{resource.stack}/{resource.id}": resource for resource in holding}
    for name, type_ in frozen.items():
        kept = name in now and now[name].type == type_
        yield (
            name,
            kept,
            (
                f"CloudFormation would delete or replace this {type_}, with the data in it. "
                "Give it its logical id back."
            ),
        )
    for name, resource in now.items():
        # Caches of single clients are named after them.
        known = name in frozen or name.startswith("data/OwnCaches")
        yield (
            name,
            known,
            f'Add `"{name}": "{resource.type}"` to {FROZEN.relative_to(ROOT)} permanently.',
        )
        stays = resource.type in MADE_AGAIN or resource.outlives_its_stack
        yield (
            name,
            stays,
            "Retain it, or let it leave a snapshot, when it is deleted and when it is replaced.",
        )
    for resource in platform.resources:
        unknown = resource.type.startswith(MAY_HOLD_DATA)
        yield resource, not unknown, "It may hold data: add its type to HOLDS_DATA, and freeze it."
        in_the_way = resource.body.get("DeletionPolicy") == "Retain" and has_the_same_name_again(
            resource
        )
        holds = not in_the_way
        yield (
            resource,
            holds,
            (
                "After a first deployment that failed, its name is taken: "
                "use EnvironmentStack.retain_except_on_create."
            ),
        )


def has_the_same_name_again(resource: Resource) -> bool:
    """Return True if a second stack of the same name would create the resource with the same
    physical name.
    """
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(
        resource.platform.settings.region, resource.type
    ).schema
    naming = {"Name", *(pointer.split("/")[2] for pointer in schema["primaryIdentifier"])}
    given = {name: value for name, value in resource.properties.items() if name in naming}
    return bool(given) and "AWS::StackId" not in json.dumps(given)


@promise
def test_p133_listeners_data_stays_in_brazil(
    platform: Assembly, synthesized: Callable[[str], Path]
) -> Verdicts:
    """Listeners' data stays in Brazil: no data is copied to another region, and resources in
    us-east-1 write their logs to the home region.

    Kept by: `region`, `EdgeStack`
    """
    for name, stack in stacks_in(synthesized(platform.name)).items():
        region = stack.region
        at_home = region == platform.settings.region and region in BRAZIL
        yield (
            name,
            region == EDGE_REGION if name == "edge" else at_home,
            f"Its region is {region}. Keep personal data in {BRAZIL} (LGPD).",
        )
    for resource in platform.resources:
        if resource.stack == "edge":
            allowed = resource.type.startswith(AT_THE_EDGE)
            holds = allowed
            yield (
                resource,
                holds,
                (
                    "Move it to a stack of the home region: "
                    f"{EDGE_REGION} is for CloudFront, its alarms and events."
                ),
            )
        copied = resource.type in REPLICATING or bool(
            resource[REPLICATED_BY.get(resource.type, "-")]
        )
        yield (
            resource,
            not copied,
            "Remove the copy to another region: it requires a legal basis (LGPD, article 33).",
        )
    for type_, path in LOGS_OF_THE_EDGE.items():
        for log in platform.some(type_, stack="edge"):
            values = [platform.target(log.stack, value) for value in as_list(log[path])]
            home = all(
                value is not None and value.type == "AWS::S3::Bucket" and value.stack == "data"
                for value in values
            )
            yield (
                log,
                home,
                (
                    "Write access logs to the log bucket of the home region: "
                    "addresses are personal data."
                ),
            )
