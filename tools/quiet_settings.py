"""Settings of an environment for commands that answer its warnings themselves, or have none to answer."""

import warnings
from pathlib import Path

from spotmusic_cdk import versions
from spotmusic_cdk.settings import Settings, SettingsWarning, load


def settings_of(environment: str, folder: Path) -> Settings:
    """Returns the settings of an environment, without warnings.

    Args:
        environment: its name.
        folder: folder of environment files.

    Raises:
        SettingsError: the file is wrong.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SettingsWarning)
        return load(environment, folder=folder, today=versions.RELEASED)
