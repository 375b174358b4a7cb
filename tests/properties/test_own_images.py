"""Rules for the first own image of a service, which no shipped environment has."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spotmusic_cdk.settings import Settings
from tests.conftest import sample_of
from tests.properties import (
    test_ecs,
    test_functions,
    test_iam,
    test_namesakes,
    test_registry,
    test_secret_readers,
)
from tests.properties.conftest import acknowledged_in
from tools.checkout import synthesize
from tools.model.assembly import Assembly
from tools.model.cluster import read
from tools.model.templates import templates_in

DIGEST = f"@sha256:{'0' * 64}"
IMAGES = {
    "web-api": {"image_tag": "1.0.0"},
    "playback": {"image": f"444455556666.dkr.ecr.sa-east-1.amazonaws.com/team/playback{DIGEST}"},
    "recommendations": {
        "image": f"111122223333.dkr.ecr.sa-east-1.amazonaws.com/team/recommendations{DIGEST}"
    },
    "trends": {"image": f"ghcr.io/team/trends{DIGEST}"},
}
"""Images of the service's repository, of another account, of another repository of this account,
and of a registry without a login. The first service owns the catalogue, so that its migrations
run."""
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


def with_images(settings: Settings) -> Settings:
    """Environment with own images, in an account with registry scanning by another environment."""
    services = {
        name: service.model_copy(update=IMAGES.get(name, {}))
        for name, service in settings.services.items()
    }
    registry = settings.registry.model_copy(update={"account_scanning": False})
    return settings.model_copy(update={"services": services, "registry": registry})


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    outdir = tmp_path_factory.mktemp("own-images")
    synthesize(with_images(sample_of("prod")), outdir=outdir)
    return outdir / "assembly-prod"


@pytest.fixture(scope="module")
def platform(assembly: Path) -> Assembly:
    acknowledged = acknowledged_in(assembly.parent / "validation-report.json")
    settings = with_images(sample_of("prod"))
    return Assembly(
        name="prod", settings=settings, templates=templates_in(assembly), acknowledged=acknowledged
    )


@pytest.fixture
def fixtures(platform: Assembly, assembly: Path) -> dict[str, Callable[[str], Any]]:
    return {
        "synthesized": lambda _: assembly,
        "deployed": lambda name: read(name, dict(platform.templates), assembly),
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
