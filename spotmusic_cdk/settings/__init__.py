"""Settings of an environment: typed, frozen and closed, with corrections in error messages."""

from spotmusic_cdk.settings.environment import Settings
from spotmusic_cdk.settings.loader import (
    SettingsError,
    SettingsWarning,
    environments_in,
    load,
    mapping_in,
    parse,
    print_warnings,
)

__all__ = [
    "Settings",
    "SettingsError",
    "SettingsWarning",
    "environments_in",
    "load",
    "mapping_in",
    "parse",
    "print_warnings",
]
