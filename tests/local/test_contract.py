"""Contract with the pinned emulator: every replaced or called private name exists."""

import importlib
from functools import reduce
from importlib.metadata import version

import pytest

from tools.local_aws import patches, rights

PATCHED = [*patches.PATCHED_NAMES.items(), *rights.PATCHED_NAMES.items()]
NAMES = sorted({(module, name) for module, names in PATCHED for name in names})


def test_emulator_version_is_pinned() -> None:
    assert version("ministack") == "1.5.33"


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_the_private_name_exists(module: str, name: str) -> None:
    assert reduce(getattr, name.split("."), importlib.import_module(module)) is not None


def test_handlers_hide_no_emulator_handler() -> None:
    from ministack.services.cloudformation import provisioners

    from tools.local_aws.handlers import SERVICE_HANDLERS

    assert not set(SERVICE_HANDLERS) & set(provisioners._RESOURCE_HANDLERS)
