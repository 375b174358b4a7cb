"""Everything that is named anywhere is made somewhere, with the field that is read, and before its user waits for it."""

from collections.abc import Callable

import pytest

from tests.charts import connections, references
from tests.charts.platform import Platform


@pytest.mark.parametrize("kind", list(references.MAKERS))
def test_whatever_is_named_is_made_before_its_user(platform: Platform, kind: str) -> None:
    assert references.missing(platform, kind) == []


def test_the_search_for_users_finds_them(deployed: Callable[[str], Platform]) -> None:
    """A check that finds no use would pass on anything."""
    found = {(use.kind, use.name) for use in references.uses(deployed("prod"))}
    assert {
        ("Secret", "kong-redis"),
        ("Secret", "rabbitmq-default-user"),
        ("Secret", "redpanda-users"),
        ("Secret", "keycloak-tls"),
        ("Secret", "grafana"),
        ("ConfigMap", "rds-ca"),
        ("ClusterIssuer", "spotmusic-internal-ca"),
        ("StorageClass", "gp3"),
        ("PriorityClass", "spotmusic-stateful"),
        ("NodePool", "brokers"),
    } <= found
    assert {use.kind for use in references.uses(deployed("prod"))} == set(references.MAKERS)


def test_every_service_leads_to_a_port_of_a_pod(platform: Platform) -> None:
    assert connections.service_findings(platform) == []


def test_every_target_group_has_pods_of_its_port(platform: Platform) -> None:
    assert connections.target_group_findings(platform) == []


def test_every_name_of_a_host_is_answered(platform: Platform) -> None:
    assert connections.host_findings(platform) == []


def test_rights_are_given_to_accounts_that_pods_have(platform: Platform) -> None:
    assert connections.identity_findings(platform) == []


def test_every_external_secret_reads_a_field_that_secrets_manager_has(platform: Platform) -> None:
    assert connections.external_secret_findings(platform) == []


def test_no_secret_may_be_read_that_nobody_copies(platform: Platform) -> None:
    assert connections.unread_secret_findings(platform) == []


def test_tasks_read_secrets_and_parameters_that_exist(deployed: Callable[[str], Platform], environment: str) -> None:
    assert connections.task_findings(deployed(environment)) == []


def test_every_monitor_finds_a_port_to_scrape(platform: Platform) -> None:
    assert connections.monitor_findings(platform) == []


def test_charts_make_what_is_believed_of_them(
    deployed: Callable[[str], Platform], rendered: Callable[[str], Platform], environment: str
) -> None:
    """Where the charts are not at hand, other checks build on these beliefs."""
    there = {(kind, *rest) for kind, *rest in references.made(rendered(environment))}
    believed = {(kind, *rest) for kind, *rest in references.made(deployed(environment)) if kind in {"Secret", "Service", "ServiceAccount"}}
    assert sorted(believed - there) == []
