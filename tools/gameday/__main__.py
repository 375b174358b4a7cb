"""`make game-day`: remaining capacity after each fault.

The result of production is written to docs/game-day.md.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from spotmusic_cdk import output
from spotmusic_cdk.command_line import CommandError, run_command
from tools.checkout import settings_of, synthesize
from tools.gameday import document
from tools.gameday.scenario import Scenario
from tools.model.assembly import Assembly
from tools.model.cluster import read
from tools.model.templates import templates_in


def main(environment: str) -> None:
    """Synthesize an environment and compute its game day.

    Raises:
        CommandError: if the environment declares no listeners.
    """
    settings = settings_of(environment)
    if not settings.capacity.listeners:
        raise CommandError(
            f"{environment}: no listeners are declared. Set capacity.listeners in its file."
        )
    with TemporaryDirectory() as folder:
        synthesize(settings, outdir=Path(folder), policies=False)
        assembly = Path(folder, f"assembly-{environment}")
        templates = templates_in(assembly)
        platform = Assembly(name=environment, settings=settings, templates=templates)
        scenario = Scenario(platform=platform, cluster=read(environment, templates, assembly))
    print(document.computed(scenario))
    if settings.production:
        output.report(document.PATH, document.written(document.PATH.read_text(), scenario))


if __name__ == "__main__":
    run_command(lambda: main(sys.argv[1] if len(sys.argv) > 1 else "prod"))
