"""What policies allow is what the table of grants says: no more, no less."""

from collections.abc import Callable, Iterable

import pytest

from spotmusic_cdk import grants
from spotmusic_cdk.grants import Grant
from tests.conftest import Template, settings_of
from tests.properties.granted import grants_of
from tests.properties.resources import Platform

ENVIRONMENTS = ["dev", "staging", "prod"]


def told(found: Iterable[Grant]) -> list[str]:
    return sorted(f"{grant.who} {grant.does} {grant.what}" for grant in found)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_policies_allow_what_the_table_says_and_nothing_else(templates: Callable[[str], dict[str, Template]], environment: str) -> None:
    settings = settings_of(environment)
    allowed = grants_of(Platform(name=environment, settings=settings, templates=templates(environment)))
    table = grants.table(settings)
    assert told(allowed - table) == [], "policies allow this, and spotmusic_cdk/grants.py does not say so"
    assert told(table - allowed) == [], "spotmusic_cdk/grants.py says this, and no policy allows it"
