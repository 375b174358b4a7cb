"""Load Lambda handlers like the runtime: from their folder, with its other files."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from spotmusic_constructs.platform_function import CUSTOM_RESOURCES
from tools.checkout import ROOT

HANDLERS = ROOT / "constructs" / "spotmusic_constructs" / "data"


@pytest.fixture
def load_handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], ModuleType]]:
    """Loader of modules in a handler's folder, which unloads all of them afterwards."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "sa-east-1")
    folder = Path()

    def load(name: str, module: str) -> ModuleType:
        nonlocal folder
        folder = HANDLERS / name
        for path in (CUSTOM_RESOURCES, folder):
            monkeypatch.syspath_prepend(str(path))
        return importlib.import_module(module)

    yield load
    for file in (*CUSTOM_RESOURCES.glob("*.py"), *folder.glob("*.py")):
        sys.modules.pop(file.stem, None)
