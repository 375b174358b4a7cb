"""Documents with numbers of the shipped environments."""

import pytest

from tests.conftest import sample_of
from tools.checkout import settings_of


@pytest.fixture(scope="session")
def shipped_production() -> None:
    """Skip a test of documented numbers after users edited production, except for its alarms."""
    edited, shipped = (
        settings.model_copy(update={"observability": None})
        for settings in (settings_of("prod"), sample_of("prod"))
    )
    if edited != shipped:
        pytest.skip("environments/prod.yaml differs from the documented one")
