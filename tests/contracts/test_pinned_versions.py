"""Versions of production in the queries of the preflight check."""

from typing import Any

from spotmusic_cdk import versions
from tools.checkout import settings_of
from tools.preflight import engines
from tools.preflight.finding import Context


class _Listener:
    """Client that records requests and returns nothing."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, _service: str, _region: str) -> "_Listener":
        return self

    def get_paginator(self, operation: str) -> "_Pages":
        return _Pages(self, operation)

    def describe_cluster_versions(self, **arguments: Any) -> dict[str, Any]:
        self.asked.append(("describe_cluster_versions", arguments))
        return {}


class _Pages:
    def __init__(self, listener: _Listener, operation: str) -> None:
        self._listener, self._operation = listener, operation

    def paginate(self, **arguments: Any) -> "_Pages":
        self._listener.asked.append((self._operation, arguments))
        return self

    def search(self, _path: str) -> list[Any]:
        return []


def test_preflight_asks_for_pinned_versions() -> None:
    settings, listener = settings_of("prod"), _Listener()
    context = Context(settings=settings, clients=listener, account="111122223333")
    checked = [
        finding.check
        for ask in (engines.databases, engines.cache, engines.kubernetes)
        for finding in ask(context)
    ]
    databases, cache = settings.data.databases.values(), settings.data.cache
    asked = {
        (operation, value)
        for operation, arguments in listener.asked
        for value in arguments.values()
        if isinstance(value, str)
    }
    assert {("describe_db_engine_versions", database.version) for database in databases} <= asked
    assert {
        ("describe_orderable_db_instance_options", f"db.{database.instance_class}")
        for database in databases
    } <= asked
    assert ("describe_reserved_cache_nodes_offerings", cache.node_type) in asked
    assert ("describe_addon_versions", settings.kubernetes.version) in asked
    assert (
        "describe_cluster_versions",
        {"clusterVersions": [settings.kubernetes.version], "includeAll": True},
    ) in listener.asked
    assert f"metrics-server {versions.METRICS_SERVER_ADD_ON}" in checked
    expected = f"{cache.engine} {cache.version or versions.DEFAULT_CACHE_VERSION[cache.engine]}"
    assert expected in checked
