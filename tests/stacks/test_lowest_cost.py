"""Development environment at the lowest cost: one replica wherever possible."""

import json
from pathlib import Path

import pytest

from spotmusic_cdk.settings import Settings
from tests.conftest import Template, sample_of, synthesize, templates_in


def cheapest() -> Settings:
    """Development environment with one broker, one Keycloak pod and a cache without replicas."""
    document = sample_of("dev").model_dump(mode="json", exclude_unset=True)
    document["data"]["cache"] = {"node_type": "cache.t4g.micro", "replicas": 0, "snapshot_retention_days": 1}
    document["data"]["backup"] = {"retention_days": 1}
    document["kubernetes"] = {"redpanda": {"brokers": 1, "memory_gib": 2, "storage_gib": 10}, "keycloak": {"replicas": 1}}
    return Settings.model_validate_json(json.dumps(document))


@pytest.fixture(scope="module")
def outdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    outdir = tmp_path_factory.mktemp("cheapest")
    synthesize(cheapest(), outdir=outdir)
    return outdir


@pytest.fixture(scope="module")
def templates(outdir: Path) -> dict[str, Template]:
    return templates_in(outdir / "assembly-dev")


def test_policy_packs_accept_the_cheapest(outdir: Path) -> None:
    report = json.loads(next(outdir.rglob("validation-report.json")).read_text())
    failed = [plugin for plugin in report["pluginReports"] if plugin["conclusion"] != "success"]
    assert [violation for plugin in failed for violation in plugin["violations"]] == []


def test_cache_alone_asks_for_no_failover(templates: dict[str, Template]) -> None:
    (group,) = (r for r in templates["data"]["Resources"].values() if r["Type"] == "AWS::ElastiCache::ReplicationGroup")
    asked = group["Properties"]
    assert (asked["ReplicasPerNodeGroup"], asked["AutomaticFailoverEnabled"], asked["MultiAZEnabled"]) == (0, False, False)


def test_backups_are_kept_for_a_day(templates: dict[str, Template]) -> None:
    """New databases have 35 days: RDS rejects another number once AWS Backup manages it, from the
    first backup on.
    """
    resources = templates["data"]["Resources"].values()
    plans = [resource["Properties"]["BackupPlan"] for resource in resources if resource["Type"] == "AWS::Backup::BackupPlan"]
    assert {rule["Lifecycle"]["DeleteAfterDays"] for plan in plans for rule in plan["BackupPlanRule"]} == {1}
    instances = [resource["Properties"] for resource in resources if resource["Type"] == "AWS::RDS::DBInstance"]
    assert {instance["BackupRetentionPeriod"] for instance in instances} == {35}


def test_broker_alone_holds_each_event_once() -> None:
    settings = cheapest()
    assert {topic.replication for topic in settings.topics.values()} == {1}
    assert settings.kubernetes.redpanda.minimum_replication == 1


def test_broker_alone_gets_one_listener(templates: dict[str, Template]) -> None:
    release = json.dumps([r for id_, r in templates["eks-platform"]["Resources"].items() if id_.startswith("RedpandaRelease")])
    assert '\\"default_topic_replications\\":1' in release
    assert '\\"internal_topic_replication_factor\\":1' in release
