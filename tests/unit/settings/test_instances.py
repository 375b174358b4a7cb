"""Tables of instance classes, compared with cfn-lint's: AWS offers each accepted class."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import cfnlint
import pytest
from botocore.session import get_session
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from spotmusic_cdk import versions
from spotmusic_cdk.settings.regions import (
    CACHES,
    DATABASES,
    REGIONS,
    WITHOUT_BUDGETS,
    WITHOUT_FAULT_INJECTION,
    WITHOUT_INSPECTOR,
    Family,
    cache_memory_gib,
)
from spotmusic_constructs.data.parameters import CACHE
from tools.model.templates import Template

EXTENSIONS = Path(cfnlint.__file__).parent / "data" / "schemas" / "extensions"
KINDS: dict[str, tuple[str, Mapping[str, Family]]] = {
    "database": ("aws_rds_dbinstance/dbinstanceclass_enum.json", DATABASES),
    "cache": ("aws_elasticache_cachecluster/cachenodetype_enum.json", CACHES),
}


@cache
def choices(kind: str) -> dict[str, set[str]]:
    """Instance classes by region."""
    file, _ = KINDS[kind]
    return {
        region: set(_enumerated(rules))
        for region, rules in json.loads((EXTENSIONS / file).read_text()).items()
        if "-" in region
    }


def _enumerated(rules: dict[str, Any]) -> list[str]:
    if "enum" in rules:
        return list(rules["enum"])
    mysql = [
        rule["then"]["properties"]
        for rule in rules["allOf"]
        if rule["if"]["properties"]["Engine"].get("const") == "mysql"
    ]
    # cfn-lint has one list per licence; MySQL has one licence.
    return [name for properties in mysql for name in properties["DBInstanceClass"]["enum"]]


BUDGET, EXPERIMENT = "AWS::Budgets::Budget", "AWS::FIS::ExperimentTemplate"
HOME_STACKS = (
    "network",
    "registry",
    "secrets",
    "data",
    "eks-platform",
    "ecs-services",
    "observability",
)


def test_regions_support_every_resource_type(
    templates: Callable[[str], dict[str, Template]],
) -> None:
    ours = {
        resource["Type"]
        for name in HOME_STACKS
        for resource in templates("prod")[name]["Resources"].values()
        if resource["Type"].startswith("AWS::")
    }
    partition = {
        region
        for region in choices("database")
        if not region.startswith(("cn-", "us-gov-", "us-iso"))
    }
    missing = {
        region: ours - set(PROVIDER_SCHEMA_MANAGER.get_resource_types(region))
        for region in partition
    }
    assert {region for region, types in missing.items() if types <= {BUDGET, EXPERIMENT}} == REGIONS
    assert {region for region in REGIONS if BUDGET in missing[region]} == WITHOUT_BUDGETS
    assert {
        region for region in REGIONS if EXPERIMENT in missing[region]
    } == WITHOUT_FAULT_INJECTION


def test_regions_without_inspector_are_known() -> None:
    assert REGIONS - {*get_session().get_available_regions("inspector2")} == WITHOUT_INSPECTOR


@pytest.mark.parametrize("kind", KINDS)
def test_accepted_instance_classes_exist_in_region(kind: str) -> None:
    prefix = {"database": "db", "cache": "cache"}[kind]
    for name, family in KINDS[kind][1].items():
        for region in REGIONS:
            here = {f"{prefix}.{name}.{size}" for size in family.sizes} & choices(kind)[region]
            assert len(here) == (0 if region in family.absent else len(family.sizes)), (
                f"{name} in {region}"
            )


def test_accepted_mysql_releases_exist_in_rds() -> None:
    rules = json.loads((EXTENSIONS / "aws_rds_dbinstance" / "engine_version.json").read_text())[
        "allOf"
    ]
    (mysql,) = (
        rule for rule in rules if rule["if"]["properties"]["Engine"].get("const") == "mysql"
    )
    known = mysql["then"]["properties"]["EngineVersion"]["enum"]
    named = [
        f"{release}.{number}"
        for release, numbers in versions.MYSQL_RELEASES.items()
        for number in numbers.split()
    ]
    assert [version for version in named if version not in known] == []


def test_cache_node_types_have_memory() -> None:
    for family, known in CACHES.items():
        sizes = [cache_memory_gib(f"cache.{family}.{size}") for size in known.sizes]
        assert all(sizes)
        assert sizes == sorted(set(sizes))
    assert cache_memory_gib("cache.m1.small") == 0


def test_cache_memory_excludes_reserved_memory() -> None:
    assert cache_memory_gib("cache.r7g.large") == pytest.approx(
        13.1 * (1 - int(CACHE["reserved-memory-percent"]) / 100)
    )
