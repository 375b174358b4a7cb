"""Rules for own images of services, which production with every option has: one in the service's
repository, in another repository of the account, in another account, and in a registry without a
login."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from stacks.registry import RegistryStack
from stacks.secrets import SecretsStack
from tests.conftest import new_app
from tests.properties import (
    test_ecs,
    test_functions,
    test_iam,
    test_namesakes,
    test_registry,
    test_secret_readers,
)
from tests.properties.conftest import acknowledged_in
from tools.documents.grants import every_option
from tools.model.assembly import Assembly
from tools.model.cluster import read
from tools.model.templates import templates_in

RULES = (
    test_ecs.test_p079_task_roles_have_least_rights,
    test_functions.test_custom_resources_have_handler_properties,
    test_functions.test_functions_have_memory_timeout_role,
    test_iam.test_p128_rights_name_actions_and_resources,
    test_iam.test_p130_acknowledged_findings_were_reviewed,
    test_namesakes.test_references_have_intended_targets,
    test_namesakes.test_references_have_one_attribute,
    test_registry.test_p017_every_image_is_scanned,
    test_secret_readers.test_secret_table_matches_templates,
    test_secret_readers.test_rotation_reaches_readers_in_time,
)


@pytest.fixture(scope="module")
def platform(with_every_option: Path) -> Assembly:
    acknowledged = acknowledged_in(with_every_option.parent / "validation-report.json")
    return Assembly(
        name="prod",
        settings=every_option(),
        templates=templates_in(with_every_option),
        acknowledged=acknowledged,
    )


@pytest.fixture
def fixtures(platform: Assembly, with_every_option: Path) -> dict[str, Callable[[str], Any]]:
    return {
        "synthesized": lambda _: with_every_option,
        "deployed": lambda name: read(name, dict(platform.templates), with_every_option),
    }


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__.removeprefix("test_"))
def test_own_images_keep_the_rules(
    rule: Callable[..., None], platform: Assembly, fixtures: dict[str, Any]
) -> None:
    wanted = rule.__annotations__.keys() | getattr(rule, "__wrapped__", rule).__annotations__.keys()
    rule(platform, **{name: value for name, value in fixtures.items() if name in wanted})


def test_migrations_run_with_an_own_image(platform: Assembly) -> None:
    run = platform.only("Custom::TaskRun")
    assert all(
        run.id in service.body["DependsOn"] for service in platform.some("AWS::ECS::Service")
    )
    assert platform.settings.migrated_by == "web-api"


def test_images_are_scanned_without_account_scanning() -> None:
    """An account has one configuration of its registry, which belongs to the other environment."""
    settings = every_option()
    registry = settings.registry.model_copy(update={"account_scanning": False})
    settings = settings.model_copy(update={"registry": registry})
    stage = cdk.Stage(new_app(), settings.name)
    RegistryStack(stage, settings=settings, secrets=SecretsStack(stage, settings=settings))
    templates = templates_in(Path(stage.synth().directory))
    platform = Assembly(name="prod", settings=settings, templates=templates)
    assert platform.all("AWS::ECR::RegistryScanningConfiguration") == []
    test_registry.test_p017_every_image_is_scanned(platform)
