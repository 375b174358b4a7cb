"""Check of environment files without a synthesis: `python -m spotmusic_cdk.settings [ENV ...]`."""

import sys
from datetime import date
from pathlib import Path

from spotmusic_cdk import versions
from spotmusic_cdk.command_line import run_command
from spotmusic_cdk.settings.loader import SettingsError, environments_in, load, print_warnings


def main(names: list[str], *, folder: Path) -> int:
    """Check environment files. Synthesis reports the errors that only constructs detect.

    Args:
        names: environments (default: all in the folder).
        folder: folder of the environment files.

    Returns:
        0, or 2 if a file is invalid.

    Raises:
        SettingsError: if the folder has no environment.
    """
    print_warnings()
    names = names or environments_in(folder)
    if not names:
        raise SettingsError(
            f"{folder} has no file NAME.yaml. Write {folder}/dev.yaml, or run the command in the "
            "folder of the project."
        )
    refused: set[str] = set()
    for name in names:
        try:
            settings = load(name, folder=folder, today=versions.RELEASED, clock=date.today())
        except SettingsError as error:
            refused.update(error.args)  # a broken file is reported for each neighbour too
            continue
        print(
            f"{folder.name}/{name}.yaml: {settings.region}, {len(settings.services)} services, "
            "valid"
        )
    for problem in sorted(refused):
        print(problem, file=sys.stderr)
    return 2 if refused else 0


if __name__ == "__main__":
    run_command(lambda: main(sys.argv[1:], folder=Path("environments")))
