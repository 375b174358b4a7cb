"""Effects of changes without a setting; tests/stacks/test_changed_settings.py has the others."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_

from tests.conftest import new_app
from tools.changes.change import Change, Effect, exit_status
from tools.changes.comparison import compare
from tools.changes.report import full_text, report
from tools.model.templates import Templates, templates_in
from tools.model.values import Json
from tools.synth import OF_THE_CLI

RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"
ENTRY = "AWS::EKS::AccessEntry"


def resource(type_: str, **properties: Any) -> Json:
    return {"Type": type_, "Properties": properties, "DeletionPolicy": "Retain"}


def chart(release: str, version: str, **values: Any) -> Json:
    return resource(
        "Custom::AWSCDK-EKS-HelmChart", Release=release, Version=version, Values=json.dumps(values)
    )


def keycloak(version: str) -> Json:
    return chart("keycloak", "7.1.11", image={"tag": version})


def redpanda(version: str) -> Json:
    return chart("redpanda", "26.2.1", image={"tag": version})


def rabbitmq(version: str) -> Json:
    return chart("rabbitmq", "0.1.0", image=f"registry.example:443/rabbitmq:{version}")


def ground(policy: str) -> Json:
    return chart("ground", "0.1.0", storageClass={"reclaimPolicy": policy})


def users(**rights: dict[str, str]) -> Json:
    return resource("Custom::DatabaseUsers", Rights=rights)


def rule(priority: int, *groups: str) -> Json:
    forward = {"TargetGroups": [{"TargetGroupArn": group} for group in groups]}
    return resource(
        RULE,
        ListenerArn="listener",
        Priority=priority,
        Actions=[{"Type": "forward", "ForwardConfig": forward}],
    )


def database(**changes: Any) -> Json:
    properties = {
        "AllocatedStorage": "200",
        "EngineVersion": "8.4.10",
        "DBInstanceClass": "db.r8g.large",
        "DeletionProtection": True,
    }
    return resource("AWS::RDS::DBInstance", **{**properties, **changes})


def cache(engine: str, version: str, **more: Any) -> Json:
    return resource(
        "AWS::ElastiCache::ReplicationGroup", Engine=engine, EngineVersion=version, **more
    )


def vault(days: int) -> Json:
    lock = {"MinRetentionDays": days}
    return resource("AWS::Backup::BackupVault", BackupVaultName="vault", LockConfiguration=lock)


def plan(days: int, *, copied: int | None = None) -> Json:
    """Backup plan with point-in-time recovery, and copies that are kept for `copied` days."""
    retention = {"Lifecycle": {"DeleteAfterDays": days}}
    copies = (
        [{"CopyActions": [{"Lifecycle": {"DeleteAfterDays": copied}}], **retention}]
        if copied
        else []
    )
    return resource(
        "AWS::Backup::BackupPlan",
        BackupPlan={"BackupPlanRule": [{"EnableContinuousBackup": True, **retention}, *copies]},
    )


def path_rule(path: str) -> Json:
    condition = {"Field": "path-pattern", "PathPatternConfig": {"Values": [path, f"{path}/*"]}}
    return resource(RULE, ListenerArn="listener", Priority=1, Conditions=[condition])


def open_port(first: int, last: int, source: str = "Caller") -> Json:
    groups = {
        "SourceSecurityGroupId": {"Fn::GetAtt": [source, "GroupId"]},
        "GroupId": {"Fn::GetAtt": ["Called", "GroupId"]},
    }
    return resource("AWS::EC2::SecurityGroupIngress", FromPort=first, ToPort=last, **groups)


def stack(**resources: Json) -> dict[str, Json]:
    return {"data": {"Resources": resources}}


Case = tuple[dict[str, Json], dict[str, Json], Effect, str]


def one(old: Json, new: Json, effect: Effect, expected: str) -> Case:
    return stack(One=old), stack(One=new), effect, expected


SUBNET = resource("AWS::EC2::Subnet")
REFUSED, LOSS, REPLACEMENT, INTERRUPTION, NONE = Effect
CASES: dict[str, Case] = {
    "a feature release skipped": one(
        redpanda("v26.1.3"), redpanda("v26.3.1"), REFUSED, "v26.1.3 → v26.3.1 skips a release"
    ),
    "the last feature release of a year skipped": one(
        redpanda("v26.2.1"), redpanda("v27.1.1"), REFUSED, "skips a release"
    ),
    "the first feature release of a year": one(
        redpanda("v25.3.3"), redpanda("v26.1.1"), NONE, "Values"
    ),
    "an older feature release": one(
        redpanda("v26.2.1"), redpanda("v26.1.9"), REFUSED, "image v26.2.1 → v26.1.9"
    ),
    "an older patch of Redpanda": one(redpanda("v26.2.2"), redpanda("v26.2.1"), NONE, "Values"),
    "a minor version of RabbitMQ": one(
        rabbitmq("4.3.5-management"), rabbitmq("4.4.0-management"), NONE, "Values"
    ),
    "a minor version of RabbitMQ skipped": one(
        rabbitmq("4.3.5-management"), rabbitmq("4.5.0-management"), REFUSED, "skips a release"
    ),
    "an older RabbitMQ": one(
        rabbitmq("4.3.5-management"),
        rabbitmq("4.2.9-management"),
        REFUSED,
        "image 4.3.5-management → 4.2.9-management",
    ),
    "an older Keycloak": one(
        keycloak("26.8.2"), keycloak("26.7.3"), REFUSED, "image 26.8.2 → 26.7.3"
    ),
    "a minor version of Keycloak": one(
        keycloak("26.8.2"), keycloak("26.9.0"), INTERRUPTION, "Keycloak 26.8.2 → 26.9.0"
    ),
    "a patch version of Keycloak": one(keycloak("26.8.2"), keycloak("26.8.3"), NONE, "Values"),
    "a right on a database lost": one(
        users(one={"catalogue": "reader", "one": "owner"}),
        users(one={"catalogue": "reader"}),
        INTERRUPTION,
        "one loses owner of the database one",
    ),
    "a greater right, and a user less": one(
        users(one={"catalogue": "reader"}, two={"catalogue": "writer"}),
        users(one={"catalogue": "writer"}),
        NONE,
        "Rights",
    ),
    "volumes retained again": one(
        ground("Delete"), ground("Retain"), INTERRUPTION, "keep the policy Delete"
    ),
    "volumes no longer retained": one(ground("Retain"), ground("Delete"), NONE, "Values"),
    "an older chart": one(
        chart("kong", "3.10.0"), chart("kong", "3.9.0"), REFUSED, "chart 3.10.0 → 3.9.0"
    ),
    "another major MySQL": one(
        database(), database(EngineVersion="9.1.0"), REFUSED, "refuses another major version"
    ),
    "an encrypted database": one(
        database(), database(StorageEncrypted=True), REPLACEMENT, "StorageEncrypted was"
    ),
    "a named policy with another description": one(
        resource("AWS::IAM::ManagedPolicy", ManagedPolicyName="on-call", Description="old"),
        resource("AWS::IAM::ManagedPolicy", ManagedPolicyName="on-call", Description="new"),
        REFUSED,
        "under its own name (ManagedPolicyName)",
    ),
    "a policy with another description": one(
        resource("AWS::IAM::ManagedPolicy", Description="old"),
        resource("AWS::IAM::ManagedPolicy", Description="new"),
        NONE,
        "Description",
    ),
    "a parameter below 4 KB": one(
        resource("AWS::SSM::Parameter", Value="long", Tier="Advanced"),
        resource("AWS::SSM::Parameter", Value="short"),
        REFUSED,
        "the tier Advanced → Standard",
    ),
    "a parameter above 4 KB": one(
        resource("AWS::SSM::Parameter", Value="short"),
        resource("AWS::SSM::Parameter", Value="long", Tier="Advanced"),
        NONE,
        "Value, Tier",
    ),
    "a cache of Valkey": one(
        cache("redis", "7.1"), cache("valkey", "8.1"), REPLACEMENT, "documents a replacement"
    ),
    "a version of Kubernetes skipped": one(
        resource("AWS::EKS::Cluster", Version="1.34"),
        resource("AWS::EKS::Cluster", Version="1.36"),
        REFUSED,
        "skips a version",
    ),
    "a cluster of the newest version": one(
        resource("AWS::EKS::Cluster", Version="1.36"),
        resource("AWS::EKS::Cluster"),
        INTERRUPTION,
        "nodes are replaced",
    ),
    "a database without version and size": one(
        database(), resource("AWS::RDS::DBInstance", DeletionProtection=True), INTERRUPTION, "null"
    ),
    "a cache without version": one(
        cache("redis", "7.1"),
        resource("AWS::ElastiCache::ReplicationGroup", Engine="redis"),
        INTERRUPTION,
        "EngineVersion: 7.1 → null",
    ),
    "another lock in governance mode": one(vault(35), vault(7), NONE, "LockConfiguration"),
    "shorter backups": one(plan(35), plan(14), LOSS, "point-in-time recovery: 35 days → 14"),
    "shorter copies": one(
        plan(35, copied=60), plan(35, copied=40), LOSS, "copies in the second vault: 60 days → 40"
    ),
    "no copies": one(
        plan(35, copied=35), plan(35), LOSS, "copies in the second vault: 35 days → 0"
    ),
    "longer backups": one(plan(35), plan(60, copied=60), NONE, "BackupPlan"),
    "a rule of the same path": (
        stack(One=path_rule("/v1/a")),
        stack(One=path_rule("/v1/a"), Two=rule(2, "a")),
        NONE,
        "is added",
    ),
    "another port of Prometheus": (
        stack(Old=open_port(8080, 8080, "Xkubernetesnodes")),
        stack(New=open_port(9090, 9090, "Xkubernetesnodes")),
        NONE,
        "is deleted",
    ),
    "more ports": (stack(Old=open_port(1, 3)), stack(New=open_port(1, 5)), NONE, "is deleted"),
    "tags of a VPC origin": one(
        resource("AWS::CloudFront::VpcOrigin", Tags=[{"Key": "Owner", "Value": "a"}]),
        resource("AWS::CloudFront::VpcOrigin"),
        REFUSED,
        "Tags: CloudFront does not update a VPC origin in use",
    ),
    "a rule of one group": one(rule(1, "a"), rule(1, "b"), NONE, "Actions"),
    "a second access entry": (
        stack(Viewer=resource(ENTRY, PrincipalArn="arn:role")),
        {
            "cluster": {"Resources": {"Administrator": resource(ENTRY, PrincipalArn="arn:role")}},
            "data": {"Resources": {}},
        },
        REFUSED,
        "has the entry Viewer",
    ),
    "a zone more": (stack(A=SUBNET), stack(A=SUBNET, B=SUBNET), REFUSED, "1 subnets → 2"),
    "a kept bucket removed": (
        stack(One=resource("AWS::S3::Bucket")),
        stack(),
        REPLACEMENT,
        "leaves the stack and is retained",
    ),
    "a cache removed": (
        stack(One={**cache("redis", "7.1"), "DeletionPolicy": "Snapshot"}),
        stack(),
        REPLACEMENT,
        "is deleted, and its final snapshot is retained",
    ),
    "a bucket deleted": (stack(One={"Type": "AWS::S3::Bucket"}), stack(), LOSS, "is deleted"),
    "a listener removed": (
        stack(One=resource("AWS::ElasticLoadBalancingV2::Listener")),
        stack(),
        INTERRUPTION,
        "is deleted",
    ),
    "an alarm removed": (
        stack(One=resource("AWS::CloudWatch::Alarm")),
        stack(),
        NONE,
        "is deleted",
    ),
    "a new task definition": one(
        resource("AWS::ECS::TaskDefinition", Cpu="256"),
        resource("AWS::ECS::TaskDefinition", Cpu="512"),
        NONE,
        "is replaced: Cpu",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_changes_have_expected_effects(case: str) -> None:
    before, now, effect, expected = CASES[case]
    found = compare(before, now)
    assert found[0].effect == effect, found
    assert any(expected in change.detail for change in found if change.effect == effect), found


def test_changes_that_cannot_go_back_are_deployed_without_rollback() -> None:
    def brokers(number: int) -> Json:
        return chart("redpanda", "26.2.1", statefulset={"replicas": number})

    before, now = (
        stack(One=brokers(3), Two=keycloak("26.8.2")),
        stack(One=brokers(5), Two=keycloak("26.9.0")),
    )
    advice = [change.advice for change in compare(before, now) if change.advice]
    assert len(advice) == 2
    assert all("without rollback" in text for text in advice)


@pytest.mark.parametrize(
    ("first", "then", "expected"),
    [
        (["a", "b"], ["c", "a"], "c signs before"),
        (["a", "b"], ["b", "c"], "a is removed while"),
        (["a", "b"], ["b", "a"], ""),
    ],
)
def test_signing_keys_rotate_in_three_steps(
    first: list[str], then: list[str], expected: str
) -> None:
    def platform(keys: list[str]) -> dict[str, Json]:
        pairs = {f"Key{key}": resource("Custom::SigningKeyPair", KeyName=key) for key in keys}
        task = resource(
            "AWS::ECS::TaskDefinition", Environment=[{"Name": "AUDIO_SIGNER", "Value": keys[0]}]
        )
        return {"secrets": {"Resources": pairs}, "ecs-services": {"Resources": {"Task": task}}}

    refused = [
        change.detail
        for change in compare(platform(first), platform(then))
        if change.effect == Effect.REFUSED
    ]
    assert refused == [] if not expected else any(expected in text for text in refused)


def own_stack(**changes: Any) -> Templates:
    """Stack of a project, with forms of resources that no stack of the platform has."""
    groups = {
        "GroupId": {"Fn::GetAtt": ["Db", "GroupId"]},
        "SourceSecurityGroupId": {"Fn::GetAtt": ["Client", "GroupId"]},
    }
    port = {"Fn::GetAtt": ["Db", "Endpoint.Port"]}
    ingress = resource("AWS::EC2::SecurityGroupIngress", FromPort=port, ToPort=port, **groups)
    rules = {
        f"Rule{listener}": resource(RULE, ListenerArn={"Ref": listener}, Priority=1)
        for listener in ("First", "Second")
    }
    release = resource("Custom::AWSCDK-EKS-HelmChart", Release="own", Chart="own")
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": True}}
    logs = resource("AWS::Logs::LogGroup", RetentionInDays={"Ref": "Days"})
    name = {"Fn::Join": ["", [{"Ref": "AWS::StackName"}, "-url"]]}
    return {
        "own": {
            "Resources": {
                **rules,
                "Ingress": ingress,
                "Release": release,
                "Queue": queue,
                "Logs": logs,
                **changes,
            },
            "Outputs": {"Url": {"Value": {"Ref": "Queue"}, "Export": {"Name": name}}},
        }
    }


def test_own_stacks_have_no_changes_without_differences() -> None:
    assert compare(own_stack(), own_stack()) == []


def test_own_stack_may_reference_values() -> None:
    """A queue without properties is replaced, and a retention that is a parameter is unknown."""
    changed = own_stack(
        Queue={"Type": "AWS::SQS::Queue"}, Logs=resource("AWS::Logs::LogGroup", RetentionInDays=30)
    )
    found = {change.subject: change.effect for change in compare(own_stack(), changed)}
    assert found == {"Queue": Effect.REPLACEMENT, "Logs": Effect.NONE}


def test_exit_status_follows_worst_effect() -> None:
    def changes(*effects: Effect) -> list[Change]:
        return [change(effect, "One", "x") for effect in effects]

    assert exit_status(changes()) == exit_status(changes(NONE)) == 0
    assert exit_status(changes(NONE, LOSS)) == exit_status(changes(INTERRUPTION)) == 2
    assert exit_status(changes(REPLACEMENT, REFUSED)) == 1


def test_report_lists_refused_changes_first() -> None:
    before, now = (
        stack(One=database(), Two=rule(1, "a")),
        stack(One=database(EngineVersion="8.4.9"), Two=rule(1, "b")),
    )
    lines = report(compare(before, now), environment="prod").splitlines()
    assert lines[0] == "prod: 1 refused, 1 interruption, 1 no interruption (1 changed)"
    assert lines[2:5] == [
        "refused:",
        "  ~ data/One: MySQL 8.4.10 → 8.4.9",
        "    → AWS does not downgrade. Keep the newer version.",
    ]
    assert lines[-1] == "  ~ data/Two: AWS::ElasticLoadBalancingV2::ListenerRule: Actions"
    assert report([], environment="prod") == "prod: no differences."


def change(
    effect: Effect, subject: str, detail: str, *, advice: str = "", sign: str = "~"
) -> Change:
    return Change(effect, "data", subject, detail, advice, sign=sign)


def test_report_cuts_long_values() -> None:
    changes = [change(LOSS, "One", "x" * 2000, advice="Keep it."), change(NONE, "Two", "y" * 2000)]
    lines = report(changes, environment="dev").splitlines()
    assert max(map(len, lines)) <= 100
    assert len(lines) <= 10
    assert "    → Keep it." in lines
    assert "y" * 2000 in report(changes, environment="dev", everything=True)


def test_report_groups_added_resources() -> None:
    changes = [change(NONE, name, "AWS::EC2::VPC is added", sign="+") for name in ("One", "Two")]
    assert report(changes, environment="dev").splitlines()[-1] == "  + data: 2 added: EC2::VPC ×2"
    assert report(changes, environment="dev", everything=True).splitlines()[-2:] == [
        "  + data/One: AWS::EC2::VPC is added",
        "  + data/Two: AWS::EC2::VPC is added",
    ]


def test_report_counts_hidden_changes() -> None:
    lines = report(
        [change(NONE, f"N{number}", "A::B: C") for number in range(25)], environment="dev"
    ).splitlines()
    assert lines[-1] == "  and 5 more (ALL=1 lists them)"


def test_markdown_report_is_one_comment() -> None:
    changes = [
        change(REFUSED, f"N{number}", "```\n<b>" * 50, advice=f"advice {number}")
        for number in range(999)
    ]
    text = report([*changes, change(NONE, "Two", "A::B: C")], environment="dev", markdown=True)
    assert text.startswith("**dev: 999 refused, 1 no interruption (1 changed)**")
    assert len(text) < 15_000
    assert [line for line in text.splitlines() if line.startswith("`")] == ["```"] * 4
    assert "<details><summary>no interruption</summary>" in text


def test_full_text_has_every_changed_line() -> None:
    before, now = (
        stack(One=database(), Two=rule(1, "a"), Same=rule(2, "b")),
        stack(One=database(Port="1"), Same=rule(2, "b")),
    )
    lines = full_text(before, now).splitlines()
    assert {"+++ data/One", '+  "Port": "1"', "+++ data/Two", '-  "Priority": 1,'} <= set(lines)
    assert not any("data/Same" in line for line in lines)


def test_metadata_of_cli_is_no_change(tmp_path: Path) -> None:
    """Deployed templates have paths of constructs and assets. Templates of a comparison
    have none.
    """

    def synthesized(context: dict[str, Any]) -> Templates:
        app, python = new_app(**context), lambda_.Runtime.PYTHON_3_13
        env = cdk.Environment(account="111122223333", region="sa-east-1")
        stack = cdk.Stack(cdk.Stage(app, "dev"), "data", env=env)
        code = lambda_.Code.from_asset(str(tmp_path))
        lambda_.Function(stack, "Function", code=code, handler="index.handler", runtime=python)
        return templates_in(Path(app.synth().directory, "assembly-dev"))

    (tmp_path / "index.py").touch()
    assert compare(synthesized(OF_THE_CLI), synthesized({})) == []
