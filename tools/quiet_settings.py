"""Settings of an environment for commands that report its warnings themselves or ignore them."""

import warnings
from pathlib import Path

from spotmusic_cdk import versions
from spotmusic_cdk.settings import Settings, SettingsWarning, load


def settings_of(environment: str, folder: Path) -> Settings:
    """Return the settings of an environment, without warnings.

    Args:
        environment: name of the environment.
        folder: folder of environment files.

    Raises:
        SettingsError: if the file is invalid.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SettingsWarning)
        return load(environment, folder=folder, today=versions.RELEASED)
