"""Account of an environment: from the context, then from its file, then from the credentials."""

import gc
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

import pytest

from tests.conftest import ROOT, sample_of


@pytest.fixture(scope="module")
def app() -> ModuleType:
    spec = spec_from_file_location("app", ROOT / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    gc.enable()  # app.py disables the garbage collector.
    return module


@pytest.mark.parametrize(
    ("environment", "logged_in", "chosen", "expected"),
    [
        ("dev", "444455556666", None, "444455556666"),
        ("dev", None, None, None),
        ("prod", "444455556666", None, "111122223333"),
        ("prod", None, None, "111122223333"),
        ("prod", "444455556666", "000000000000", "000000000000"),
    ],
)
def test_account_is_context_then_file_then_credentials(
    *, app: ModuleType, monkeypatch: pytest.MonkeyPatch, environment: str, logged_in: str | None, chosen: str | None, expected: str | None
) -> None:
    monkeypatch.delenv("CDK_DEFAULT_ACCOUNT", raising=False)
    if logged_in:
        monkeypatch.setenv("CDK_DEFAULT_ACCOUNT", logged_in)
    assert app._with_account(sample_of(environment), chosen).account == expected
