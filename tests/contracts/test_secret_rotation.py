"""Commands that replace secrets by hand, compared with the templates."""

import json
import re
from collections.abc import Callable

from tests.conftest import sample_of
from tools.checkout import ROOT
from tools.model.templates import Template

PAGE = (ROOT / "docs" / "runbooks" / "secret-rotation.md").read_text()


def test_secrets_replaced_by_hand_keep_fields(
    templates: Callable[[str], dict[str, Template]],
) -> None:
    """`put-secret-value` deletes each field that the new value lacks."""
    written = {
        frozenset(re.findall(r"(\w+):", fields))
        for fields in re.findall(r"fields='(\{[^']+\})'", PAGE)
    }
    users = {
        *re.findall(r"^\|[^|]+\|[^|]*`([a-z-]+)` \|", PAGE, flags=re.MULTILINE),
        *sample_of("prod").services,
    }
    generated = [
        (json.loads(made["SecretStringTemplate"]), made["GenerateStringKey"])
        for resource in templates("prod")["secrets"]["Resources"].values()
        if (made := resource["Properties"].get("GenerateSecretString"))
        and isinstance(made["SecretStringTemplate"], str)
    ]
    assert {frozenset({*template, key}) for template, key in generated} == written
    assert {template["username"] for template, _ in generated if template} <= users
