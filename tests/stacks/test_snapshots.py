"""Snapshots of templates: review the difference, then run `pytest --snapshot-update`."""

from collections.abc import Callable

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from tests.conftest import STACKS
from tools.model.templates import Template, without_hashes

ACCEPT = (
    "Read the difference. Where it is meant: "
    "python -m pytest tests/stacks/test_snapshots.py --snapshot-update"
)


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_template_matches_its_snapshot(
    templates: Callable[[str], dict[str, Template]],
    snapshot: SnapshotAssertion,
    environment: str,
    stack: str,
) -> None:
    # Hashes of assets change with every upgrade of a library.
    assert without_hashes(templates(environment)[stack]) == snapshot(
        extension_class=JSONSnapshotExtension
    ), ACCEPT
