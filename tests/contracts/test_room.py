"""What the settings admit of services fits into the stacks: beside the network itself, and with a margin."""

from collections.abc import Callable

import pytest

from spotmusic_cdk.settings.service_checks import MOST_RULES, rules_of
from tests.conftest import Template, settings_of

RESOURCES = 500
"""Resources of a stack (AWS CloudFormation quotas, 2026-11)."""
OPTIONS = 10
"""Rules that no environment that ships has, such as those of mail and of external identity providers."""


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_rules_of_the_most_services_fit_into_the_network_stack(
    templates: Callable[[str], dict[str, Template]], environment: str
) -> None:
    ours = sum(map(rules_of, settings_of(environment).services.values()))
    network = len(templates(environment)["network"]["Resources"]) - ours
    assert network + OPTIONS + MOST_RULES <= RESOURCES, f"lower MOST_RULES by {network + OPTIONS + MOST_RULES - RESOURCES}"
