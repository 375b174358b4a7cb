"""Settings of an environment: typed, frozen, closed, with error messages that advise."""

from spotmusic_cdk.settings.environment import Settings
from spotmusic_cdk.settings.loader import (
    SettingsError,
    SettingsWarning,
    environments_in,
    load,
    mapping_in,
    parse,
)

__all__ = [
    "Settings",
    "SettingsError",
    "SettingsWarning",
    "environments_in",
    "load",
    "mapping_in",
    "parse",
]
