"""What an environment file may say: typed, frozen, closed, with messages that tell what to do."""

from spotmusic_cdk.settings.environment import Settings
from spotmusic_cdk.settings.loader import SettingsError, SettingsWarning, load, parse

__all__ = ["Settings", "SettingsError", "SettingsWarning", "load", "parse"]
