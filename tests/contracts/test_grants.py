"""What policies allow is what the table of grants says: no more, no less."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.conftest import Template, sample_of, settings_of, synthesize, templates_in
from tests.model.assembly import Assembly
from tests.properties.granted import grants_of
from tools.documents import grants
from tools.documents.grants import Grant

ENVIRONMENTS = ["dev", "staging", "prod"]


def told(found: Iterable[Grant]) -> list[str]:
    return sorted(f"{grant.who} {grant.does} {grant.what}" for grant in found)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_policies_allow_what_the_table_says_and_nothing_else(templates: Callable[[str], dict[str, Template]], environment: str) -> None:
    settings = settings_of(environment)
    allowed = grants_of(Assembly(name=environment, settings=settings, templates=templates(environment)))
    table = grants.table(settings)
    assert told(allowed - table) == [], "policies allow this, and tools/documents/grants.py does not say so"
    assert told(table - allowed) == [], "tools/documents/grants.py says this, and no policy allows it"


def test_images_elsewhere_are_in_the_table(tmp_path: Path) -> None:
    settings = sample_of("dev")
    image = f"444455556666.dkr.ecr.sa-east-1.amazonaws.com/team/trends@sha256:{'0' * 64}"
    trends = settings.services["trends"].model_copy(update={"image": image})
    settings = settings.model_copy(update={"services": {**settings.services, "trends": trends}})
    synthesize(settings, outdir=tmp_path)
    allowed = grants_of(Assembly(name="dev", settings=settings, templates=templates_in(tmp_path / "assembly-dev")))
    table = grants.table(settings)
    assert told(allowed ^ table) == []
    assert any(grant.what == grants.IMAGES_ELSEWHERE for grant in table)


def test_migrations_are_in_the_table(tmp_path: Path) -> None:
    settings = sample_of("dev")
    owner = settings.services["web-api"].model_copy(update={"image_tag": "1.0.0"})
    settings = settings.model_copy(update={"services": {**settings.services, "web-api": owner}})
    synthesize(settings, outdir=tmp_path)
    allowed = grants_of(Assembly(name="dev", settings=settings, templates=templates_in(tmp_path / "assembly-dev")))
    assert told(allowed ^ grants.table(settings)) == []
