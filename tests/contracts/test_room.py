"""The maximum number of services fits into the stacks with a margin, next to the network itself."""

from collections.abc import Callable

import pytest

from spotmusic_cdk.settings.service_checks import MOST_RESOURCES, MOST_RULES, MOST_SERVICES, resources_of, rules_of
from spotmusic_cdk.settings.services import ServiceSettings
from tests.conftest import ROOT, Template, settings_of

RESOURCES = 500
"""Resources of a stack (AWS CloudFormation quotas, 2026-11)."""
OPTIONS = 10
"""Rules or resources that no environment that ships has, such as those of mail and of external identity providers."""


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_network_stack_fits_forty_services(templates: Callable[[str], dict[str, Template]], environment: str) -> None:
    ours = sum(map(rules_of, settings_of(environment).services.values()))
    network = len(templates(environment)["network"]["Resources"]) - ours
    assert network + OPTIONS + MOST_RULES <= RESOURCES, f"lower MOST_RULES by {network + OPTIONS + MOST_RULES - RESOURCES}"


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_services_stack_fits_forty_services(templates: Callable[[str], dict[str, Template]], environment: str) -> None:
    settings, ids = settings_of(environment), templates(environment)["ecs-services"]["Resources"]
    services = settings.services
    prefixes = {name: (name.replace("-", ""), *(["Migrations"] if name == settings.migrated_by else [])) for name in services}
    made = {name: sum(id_.startswith(prefixes[name]) for id_ in ids) for name in services}
    assert made == {name: resources_of(service) for name, service in services.items()}
    own = len(ids) - sum(made.values())
    assert own + OPTIONS + MOST_RESOURCES <= RESOURCES, f"lower MOST_RESOURCES by {own + OPTIONS + MOST_RESOURCES - RESOURCES}"


def test_the_document_counts_as_the_settings_do() -> None:
    """docs/deployment.md, "Service limits"."""
    text = (ROOT / "docs" / "deployment.md").read_text()
    ours = sum(map(rules_of, settings_of("prod").services.values()))
    busy = rules_of(ServiceSettings.model_validate({"route": "/v1/busy", "talks_to": ("database", "cache", "events", "tasks")}))
    alone = rules_of(ServiceSettings(route="/v1/alone"))
    assert (
        f"{MOST_RULES} of them are admitted: {busy} for a service with a route and four words, {alone} for one with a route alone" in text
    )
    assert f"{ours} for the five of production. Nineteen of the former beside the five make {ours + 19 * busy};" in text
    assert ours + 19 * busy <= MOST_RULES < ours + 20 * busy
    forty = MOST_SERVICES * alone
    rolling = resources_of(ServiceSettings(route="/v1/alone"))
    shifting = resources_of(ServiceSettings(route="/v1/alone", deployment="blue_green"))
    assert (
        f"{MOST_RESOURCES} of them are admitted: {rolling} for a service with a route, {shifting} for one that is blue/green as well"
        in text
    )
    assert f"forty of the latter {forty}, which leaves {(MOST_RULES - forty) // 2} words" in text
