"""Snapshots of templates: review the difference, then run `pytest --snapshot-update`."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from tests.conftest import STACKS, Template

ACCEPT = "Read the difference. Where it is meant: python -m pytest tests/stacks/test_snapshots.py --snapshot-update"


def normalised(template: Template) -> Any:
    """Replaces asset hashes, which change with every upgrade of a library."""
    return json.loads(re.sub(r"[0-9a-f]{64}", "<asset>", json.dumps(template)))


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_template_matches_its_snapshot(
    templates: Callable[[str], dict[str, Template]], snapshot: SnapshotAssertion, environment: str, stack: str
) -> None:
    assert normalised(templates(environment)[stack]) == snapshot(extension_class=JSONSnapshotExtension), ACCEPT
