"""Names in the preflight check, compared with the templates. The check has no synthesis."""

from collections.abc import Callable

from tests.conftest import STACKS
from tests.properties.reviewed import AWS_MANAGED
from tools.checkout import settings_of
from tools.model.templates import Template
from tools.preflight import account
from tools.preflight.leftovers import VAULTS
from tools.preflight.routes import part_of

Templates = Callable[[str], dict[str, Template]]
NAMES = (
    "LogGroupName",
    "BackupVaultName",
    "BucketName",
    "RepositoryName",
    "Name",
    "AliasName",
    "DBInstanceIdentifier",
)


def test_preflight_asks_for_managed_policies_in_use() -> None:
    """`tests/properties/test_iam.py` compares the reviewed names with the templates."""
    assert {name.rpartition("/")[2] for name in account.MANAGED_POLICIES} == set(AWS_MANAGED)


def test_preflight_asks_for_every_stack() -> None:
    assert set(account.STACKS) == set(STACKS)


def test_preflight_knows_owner_of_registry_scanning(templates: Templates) -> None:
    registry = templates("prod")["registry"]["Resources"]
    assert account.SCANNING in {resource["Type"] for resource in registry.values()}


def test_preflight_knows_names_that_are_kept(templates: Templates) -> None:
    kept = {
        resource["Properties"][name]
        for template in templates("prod").values()
        for resource in template["Resources"].values()
        if resource.get("DeletionPolicy", "Delete").startswith("Retain")
        for name in NAMES
        if isinstance(resource["Properties"].get(name), str)
    }
    vaults = {name for name in kept if name.startswith(f"prod{VAULTS}")}
    assert vaults
    assert kept - vaults == {"/aws/eks/spotmusic-prod/cluster"}


def test_preflight_finds_parts_of_blue_green_services(templates: Templates) -> None:
    resources = {
        name: (resource["Type"], name)
        for name, resource in templates("prod")["ecs-services"]["Resources"].items()
    }
    services = settings_of("prod").services
    blue_green = [name for name, service in services.items() if service.deployment == "blue_green"]
    assert blue_green
    for name in services:
        balancing = "AWS::ElasticLoadBalancingV2::"
        assert len(part_of(name, "Service", "AWS::ECS::Service", resources)) == 1
        assert len(part_of(name, "IngressRule", f"{balancing}ListenerRule", resources)) == int(
            services[name].route is not None
        )
        assert len(
            part_of(name, "IngressAlternateTargetGroup", f"{balancing}TargetGroup", resources)
        ) == int(name in blue_green)
