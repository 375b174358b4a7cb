"""The commands of docs/deployment.md ask AWS for the versions that production pins, and for no others."""

import re

from spotmusic_cdk import versions
from tests.conftest import ROOT, settings_of


def test_the_document_asks_for_every_version_that_production_pins() -> None:
    settings = settings_of("prod")
    text = (ROOT / "docs" / "deployment.md").read_text()
    section = text.partition("### Ask for the pinned versions")[2].partition("\n### ")[0]
    assert set(re.findall(r"--kubernetes-version (\S+)|--cluster-versions (\S+)", section)) == {
        (settings.kubernetes.version, ""),
        ("", settings.kubernetes.version),
    }
    assert re.findall(r"addonVersion=='([^']+)'", section) == [versions.METRICS_SERVER_ADD_ON]
    cache = settings.data.cache
    databases = {("mysql", database.version) for database in (settings.data.catalogue, settings.data.identity)}
    pinned = databases | {(cache.engine, cache.version or versions.DEFAULT_CACHE_VERSION[cache.engine])}
    assert set(re.findall(r"--engine (\S+) --engine-version (\S+)", section)) == pinned
