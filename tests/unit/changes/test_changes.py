"""Effects of changes between templates of a few resources."""

import json
from typing import Any

import pytest

from tests.model.values import Json
from tools.changes.change import Change, Effect, exit_status
from tools.changes.comparison import compare
from tools.changes.report import report

RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"
GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"
ENTRY = "AWS::EKS::AccessEntry"


def resource(type_: str, **properties: Any) -> Json:
    return {"Type": type_, "Properties": properties, "DeletionPolicy": "Retain"}


def release(name: str, **values: Any) -> Json:
    return resource("Custom::AWSCDK-EKS-HelmChart", Release=name, Namespace=name, Values=json.dumps(values))


def brokers(count: int = 3, size: str = "500Gi", *, tiered: bool = False) -> Json:
    storage = {"persistentVolume": {"size": size}, "tiered": {"config": {"cloud_storage_enabled": tiered}}}
    return release("redpanda", statefulset={"replicas": count}, storage=storage)


def topic(**changes: Any) -> Json:
    return release(
        "redpanda-access",
        users={},
        topics={"t": {"partitions": 6, "replication": 3, "cleanupPolicy": "delete", "retentionHours": 24, **changes}},
    )


def rule(priority: int, *groups: str) -> Json:
    forward = {"TargetGroups": [{"TargetGroupArn": group} for group in groups]}
    return resource(RULE, ListenerArn="listener", Priority=priority, Actions=[{"Type": "forward", "ForwardConfig": forward}])


def database(**changes: Any) -> Json:
    properties = {"AllocatedStorage": "200", "EngineVersion": "8.4.10", "DBInstanceClass": "db.r8g.large", "DeletionProtection": True}
    return resource("AWS::RDS::DBInstance", **{**properties, **changes})


def cache(engine: str, version: str, **more: Any) -> Json:
    return resource("AWS::ElastiCache::ReplicationGroup", Engine=engine, EngineVersion=version, **more)


def vault(days: int) -> Json:
    return resource("AWS::Backup::BackupVault", BackupVaultName="vault", LockConfiguration={"ChangeableForDays": days})


def plan(days: int, *, copied: int | None = None) -> Json:
    """Backup plan with point-in-time recovery, and copies that are kept for `copied` days."""
    retention = {"Lifecycle": {"DeleteAfterDays": days}}
    copies = [{"CopyActions": [{"Lifecycle": {"DeleteAfterDays": copied}}], **retention}] if copied else []
    return resource("AWS::Backup::BackupPlan", BackupPlan={"BackupPlanRule": [{"EnableContinuousBackup": True, **retention}, *copies]})


def path_rule(path: str) -> Json:
    condition = {"Field": "path-pattern", "PathPatternConfig": {"Values": [path, f"{path}/*"]}}
    return resource(RULE, ListenerArn="listener", Priority=1, Conditions=[condition])


def open_port(first: int, last: int, source: str = "Caller") -> Json:
    groups = {"SourceSecurityGroupId": {"Fn::GetAtt": [source, "GroupId"]}, "GroupId": {"Fn::GetAtt": ["Called", "GroupId"]}}
    return resource("AWS::EC2::SecurityGroupIngress", FromPort=first, ToPort=last, **groups)


def stack(**resources: Json) -> dict[str, Json]:
    return {"data": {"Resources": resources}}


Case = tuple[dict[str, Json], dict[str, Json], Effect, str]


def one(old: Json, new: Json, effect: Effect, expected: str) -> Case:
    return stack(One=old), stack(One=new), effect, expected


REFUSED, LOSS, REPLACEMENT, INTERRUPTION, NONE = Effect
CASES: dict[str, Case] = {
    "fewer brokers": one(brokers(5), brokers(3), REFUSED, "5 brokers → 3"),
    "more brokers": one(brokers(3), brokers(5), INTERRUPTION, "partitions move"),
    "a larger broker volume": one(brokers(), brokers(size="1000Gi"), REFUSED, "volumes of 500 GiB → 1000"),
    "tiered storage removed": one(brokers(tiered=True), brokers(), REFUSED, "tiered storage is removed"),
    "fewer partitions": one(topic(), topic(partitions=3), REFUSED, "t: 6 partitions → 3"),
    "another cleanup policy": one(topic(), topic(cleanupPolicy="compact"), REFUSED, "cleanupPolicy delete → compact"),
    "shorter retention of a topic": one(topic(), topic(retentionHours=12), LOSS, "t: events older than 12 hours"),
    "more partitions": one(topic(), topic(partitions=12), NONE, "Values"),
    "a smaller volume of RabbitMQ": one(
        release("rabbitmq", storage={"size": "50Gi"}), release("rabbitmq", storage={"size": "20Gi"}), REFUSED, "50 GiB → 20"
    ),
    "a feature release skipped": one(
        resource("Custom::AWSCDK-EKS-HelmChart", Release="redpanda", Version="26.1.3", Values="{}"),
        resource("Custom::AWSCDK-EKS-HelmChart", Release="redpanda", Version="26.3.1", Values="{}"),
        REFUSED,
        "skips a feature release",
    ),
    "the first feature release of a year": one(
        resource("Custom::AWSCDK-EKS-HelmChart", Release="redpanda", Version="25.3.3", Values="{}"),
        resource("Custom::AWSCDK-EKS-HelmChart", Release="redpanda", Version="26.1.1", Values="{}"),
        NONE,
        "Version",
    ),
    "the only address of alarms replaced": (
        stack(Old=resource("AWS::SNS::Subscription", Protocol="email", Endpoint="a@b.example")),
        stack(New=resource("AWS::SNS::Subscription", Protocol="email", Endpoint="c@b.example")),
        INTERRUPTION,
        "all addresses of alarms are replaced",
    ),
    "an older chart": one(
        resource("Custom::AWSCDK-EKS-HelmChart", Release="kong", Version="3.10.0", Values="{}"),
        resource("Custom::AWSCDK-EKS-HelmChart", Release="kong", Version="3.9.0", Values="{}"),
        REFUSED,
        "chart 3.10.0 → 3.9.0",
    ),
    "smaller storage": one(database(), database(AllocatedStorage="100"), REFUSED, "storage of 200 GiB → 100"),
    "an older MySQL": one(database(), database(EngineVersion="8.4.9"), REFUSED, "MySQL 8.4.10 → 8.4.9"),
    "a newer MySQL": one(database(), database(EngineVersion="8.4.11"), INTERRUPTION, "both halves restart"),
    "another major MySQL": one(database(), database(EngineVersion="9.1.0"), REFUSED, "refuses another major version"),
    "another instance class": one(database(), database(DBInstanceClass="db.r8g.xlarge"), INTERRUPTION, "a failover"),
    "an encrypted database": one(database(), database(StorageEncrypted=True), REPLACEMENT, "StorageEncrypted was"),
    "no deletion protection": one(database(), database(DeletionProtection=False), REFUSED, "loses its deletion protection"),
    "data that goes with its stack": one(database(), {**database(), "DeletionPolicy": "Delete"}, LOSS, "is deleted with its stack"),
    "a cache of Valkey": one(cache("redis", "7.1"), cache("valkey", "8.1"), REPLACEMENT, "documents a replacement"),
    "a cache of Redis again": one(cache("valkey", "8.1"), cache("redis", "7.1"), REFUSED, "valkey → redis"),
    "more replicas": one(
        cache("redis", "7.1", ReplicasPerNodeGroup=1), cache("redis", "7.1", ReplicasPerNodeGroup=2), REPLACEMENT, "1 replicas → 2"
    ),
    "Kubernetes backwards": one(
        resource("AWS::EKS::Cluster", Version="1.36"), resource("AWS::EKS::Cluster", Version="1.35"), REFUSED, "1.36 → 1.35"
    ),
    "a version of Kubernetes skipped": one(
        resource("AWS::EKS::Cluster", Version="1.34"), resource("AWS::EKS::Cluster", Version="1.36"), REFUSED, "skips a version"
    ),
    "the next Kubernetes": one(
        resource("AWS::EKS::Cluster", Version="1.35"), resource("AWS::EKS::Cluster", Version="1.36"), INTERRUPTION, "nodes are replaced"
    ),
    "another lock of a vault": one(vault(7), vault(30), REFUSED, "the lock of the vault changes"),
    "another lock in governance mode": one(
        resource("AWS::Backup::BackupVault", BackupVaultName="vault", LockConfiguration={"MinRetentionDays": 35}),
        resource("AWS::Backup::BackupVault", BackupVaultName="vault", LockConfiguration={"MinRetentionDays": 7}),
        NONE,
        "LockConfiguration",
    ),
    "shorter backups": one(plan(35), plan(14), LOSS, "point-in-time recovery: 35 days → 14"),
    "shorter copies": one(plan(35, copied=60), plan(35, copied=40), LOSS, "copies in the second vault: 60 days → 40"),
    "no copies": one(plan(35, copied=35), plan(35), LOSS, "copies in the second vault: 35 days → 0"),
    "longer backups": one(plan(35), plan(60, copied=60), NONE, "BackupPlan"),
    "a smaller node": one(
        cache("redis", "7.1", CacheNodeType="cache.r7g.large"),
        cache("redis", "7.1", CacheNodeType="cache.t4g.small"),
        REFUSED,
        "13.1 GiB → cache.t4g.small with 1.4",
    ),
    "a larger node": one(
        cache("redis", "7.1", CacheNodeType="cache.t4g.small"),
        cache("redis", "7.1", CacheNodeType="cache.r7g.large"),
        INTERRUPTION,
        "a failover",
    ),
    "a route removed": (stack(One=path_rule("/v1/a")), stack(), INTERRUPTION, "/v1/a is removed"),
    "another route": (stack(One=path_rule("/v1/a")), stack(Two=path_rule("/v1/b")), REFUSED, "has priority 1"),
    "a rule of the same path": (stack(One=path_rule("/v1/a")), stack(One=path_rule("/v1/a"), Two=rule(2, "a")), NONE, "is added"),
    "another port of callers": (stack(Old=open_port(8080, 8080)), stack(New=open_port(9090, 9090)), REFUSED, "port 8080 → 9090: Caller"),
    "another port of Prometheus": (
        stack(Old=open_port(8080, 8080, "Xkubernetesnodes")),
        stack(New=open_port(9090, 9090, "Xkubernetesnodes")),
        NONE,
        "is deleted",
    ),
    "more ports": (stack(Old=open_port(1, 3)), stack(New=open_port(1, 5)), NONE, "is deleted"),
    "a network of another range": one(
        resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16"), resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/17"), REFUSED, "CidrBlock"
    ),
    "another port": one(resource(GROUP, Protocol="HTTP", Port=1), resource(GROUP, Protocol="HTTP", Port=2), REFUSED, "port 1 → 2"),
    "another health path": one(
        resource(GROUP, HealthCheckPath="/a"), resource(GROUP, HealthCheckPath="/b"), INTERRUPTION, "before the image"
    ),
    "a rule with weights": one(rule(1, "a", "b"), rule(1, "a"), REFUSED, "the rule is updated"),
    "a rule of one group": one(rule(1, "a"), rule(1, "b"), NONE, "Actions"),
    "a rule on the place of another": (stack(Old=rule(7, "a")), stack(New=rule(7, "b")), REFUSED, "Old has priority 7"),
    "a second access entry": (
        stack(Viewer=resource(ENTRY, PrincipalArn="arn:role")),
        {"cluster": {"Resources": {"Administrator": resource(ENTRY, PrincipalArn="arn:role")}}, "data": {"Resources": {}}},
        REFUSED,
        "has the entry Viewer",
    ),
    "a zone more": (
        {"network": {"Resources": {"A": resource("AWS::EC2::Subnet")}}},
        {"network": {"Resources": {"A": resource("AWS::EC2::Subnet"), "B": resource("AWS::EC2::Subnet")}}},
        REFUSED,
        "1 subnets → 2",
    ),
    "another credential under one name": one(
        resource("AWS::ECR::PullThroughCacheRule", EcrRepositoryPrefix="hub", CredentialArn="a"),
        resource("AWS::ECR::PullThroughCacheRule", EcrRepositoryPrefix="hub", CredentialArn="b"),
        REFUSED,
        "replaced under its own name",
    ),
    "another prefix list": one(
        resource("AWS::EC2::SecurityGroupIngress", SourcePrefixListId="pl-1"),
        resource("AWS::EC2::SecurityGroupIngress", SourcePrefixListId="pl-2"),
        REFUSED,
        "do not fit together",
    ),
    "shorter logs": one(
        resource("AWS::Logs::LogGroup", RetentionInDays=365), resource("AWS::Logs::LogGroup", RetentionInDays=180), LOSS, "365 → 180"
    ),
    "fewer days of a bucket": one(
        resource("AWS::S3::Bucket", LifecycleConfiguration={"Rules": [{"ExpirationInDays": 365}]}),
        resource("AWS::S3::Bucket", LifecycleConfiguration={"Rules": [{"ExpirationInDays": 180}]}),
        LOSS,
        "ExpirationInDays: 365 → 180",
    ),
    "a kept bucket removed": (stack(One=resource("AWS::S3::Bucket")), stack(), REPLACEMENT, "leaves the stack and is retained"),
    "a bucket deleted": (stack(One={"Type": "AWS::S3::Bucket"}), stack(), LOSS, "is deleted"),
    "a listener removed": (stack(One=resource("AWS::ElasticLoadBalancingV2::Listener")), stack(), INTERRUPTION, "is deleted"),
    "an alarm removed": (stack(One=resource("AWS::CloudWatch::Alarm")), stack(), NONE, "is deleted"),
    "a new task definition": one(
        resource("AWS::ECS::TaskDefinition", Cpu="256"), resource("AWS::ECS::TaskDefinition", Cpu="512"), NONE, "is replaced: Cpu"
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_changes_have_expected_effects(case: str) -> None:
    before, now, effect, expected = CASES[case]
    found = compare(before, now)
    assert found[0].effect == effect, found
    assert any(expected in change.detail for change in found if change.effect == effect), found


def test_imported_export_cannot_change() -> None:
    def platform(name: str) -> dict[str, Json]:
        outputs = {"Out": {"Value": {"Ref": "Group"}, "Export": {"Name": "group"}}}
        network = {"Resources": {"Group": resource("AWS::RDS::DBSubnetGroup", DBSubnetGroupName=name)}, "Outputs": outputs}
        return {"network": network, "data": {"Resources": {"Base": resource("X::Y::Z", Group={"Fn::ImportValue": "group"})}}}

    assert "data imports it" in compare(platform("a"), platform("b"))[0].detail


@pytest.mark.parametrize(
    ("first", "then", "expected"),
    [(["a", "b"], ["c", "a"], "c signs before"), (["a", "b"], ["b", "c"], "a is removed while"), (["a", "b"], ["b", "a"], "")],
)
def test_signing_keys_rotate_in_three_steps(first: list[str], then: list[str], expected: str) -> None:
    def platform(keys: list[str]) -> dict[str, Json]:
        pairs = {f"Key{key}": resource("Custom::SigningKeyPair", KeyName=key) for key in keys}
        task = resource("AWS::ECS::TaskDefinition", Environment=[{"Name": "AUDIO_SIGNER", "Value": keys[0]}])
        return {"secrets": {"Resources": pairs}, "ecs-services": {"Resources": {"Task": task}}}

    refused = [change.detail for change in compare(platform(first), platform(then)) if change.effect == Effect.REFUSED]
    assert refused == [] if not expected else any(expected in text for text in refused)


def test_exit_status_follows_worst_effect() -> None:
    def changes(*effects: Effect) -> list[Change]:
        return [Change(effect=effect, stack="data", subject="One", detail="x") for effect in effects]

    assert [exit_status(changes(*effects)) for effects in ((), (NONE,), (NONE, LOSS), (INTERRUPTION,), (REPLACEMENT, REFUSED))] == [
        0,
        0,
        2,
        2,
        1,
    ]


def test_report_lists_refused_changes_first() -> None:
    lines = report(
        compare(stack(One=database(), Two=rule(1, "a")), stack(One=database(EngineVersion="8.4.9"), Two=rule(1, "b")))
    ).splitlines()
    assert lines[:3] == ["refused:", "  data/One: MySQL 8.4.10 → 8.4.9", "    → AWS does not downgrade. Keep the newer version."]
    assert lines[-1] == "1 refused, 0 loses data, 0 replacement, 1 interruption, 1 no interruption"
    assert report([]) == "No differences."
