"""Settings of an environment: typed, frozen, closed, with error messages that advise."""

from spotmusic_cdk.settings.environment import Settings
from spotmusic_cdk.settings.loader import SettingsError, SettingsWarning, load, parse

__all__ = ["Settings", "SettingsError", "SettingsWarning", "load", "parse"]
