"""Development environment at the lowest cost: one replica wherever possible."""

import json
from pathlib import Path

import pytest

from tests.disposable import disposable_settings
from tests.templates import all_of, only
from tools.model.templates import Template, templates_in


@pytest.fixture(scope="module")
def templates(disposable: Path) -> dict[str, Template]:
    return templates_in(disposable)


def test_policy_packs_accept_the_cheapest(disposable: Path) -> None:
    report = json.loads((disposable.parent / "validation-report.json").read_text())
    failed = [plugin for plugin in report["pluginReports"] if plugin["conclusion"] != "success"]
    assert [violation for plugin in failed for violation in plugin["violations"]] == []


def test_cache_alone_asks_for_no_failover(templates: dict[str, Template]) -> None:
    asked = only(templates["data"]["Resources"], "AWS::ElastiCache::ReplicationGroup")
    assert (
        asked["ReplicasPerNodeGroup"],
        asked["AutomaticFailoverEnabled"],
        asked["MultiAZEnabled"],
    ) == (0, False, False)


def test_backups_are_kept_for_a_day(templates: dict[str, Template]) -> None:
    """New databases have 35 days, because RDS rejects another number once AWS Backup manages it,
    from the first backup on.
    """
    resources = templates["data"]["Resources"]
    assert {
        rule["Lifecycle"]["DeleteAfterDays"]
        for plan in all_of(resources, "AWS::Backup::BackupPlan")
        for rule in plan["BackupPlan"]["BackupPlanRule"]
    } == {1}
    instances = all_of(resources, "AWS::RDS::DBInstance")
    assert {instance["BackupRetentionPeriod"] for instance in instances} == {35}


def test_broker_alone_holds_each_event_once() -> None:
    settings = disposable_settings()
    assert {topic.replication for topic in settings.topics.values()} == {1}
    assert settings.kubernetes.redpanda.minimum_replication == 1


def test_broker_alone_gets_one_listener(templates: dict[str, Template]) -> None:
    release = json.dumps(
        [
            r
            for id_, r in templates["eks-platform"]["Resources"].items()
            if id_.startswith("RedpandaRelease")
        ]
    )
    assert '\\"default_topic_replications\\":1' in release
    # Redpanda gives internal topics one replica here, and three as soon as there are three brokers.
    assert "internal_topic_replication_factor" not in release
