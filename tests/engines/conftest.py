"""Handlers of the library, loaded as the runtime loads them."""

from tests.unit.data.conftest import load_handler

__all__ = ["load_handler"]
