"""Generator of docs/grants, the rights in templates: `python -m tools.documents.grants`."""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from spotmusic_cdk import output
from spotmusic_cdk.command_line import run_command
from spotmusic_cdk.settings import Settings, parse
from tools.checkout import ROOT, settings_of, synthesize
from tools.fuzz.corners import EVERY_OPTION, text_of
from tools.model.assembly import Assembly
from tools.model.granted import Grant, grants_of
from tools.model.templates import templates_in

FOLDER = ROOT / "docs" / "grants"
ENVIRONMENTS = ("dev", "staging", "prod")
EVERY = "prod-with-every-option"
"""Production with all settings that are off in all environments."""


def every_option() -> Settings:
    """Return the settings of production with every option."""
    return parse(text_of(EVERY_OPTION), source=Path("environments/prod.yaml"))


def granted(settings: Settings, assembly: Path) -> set[Grant]:
    """Return the rights of a synthesized environment."""
    return grants_of(
        Assembly(name=settings.name, settings=settings, templates=templates_in(assembly))
    )


def text_of_grants(grants: Iterable[Grant]) -> str:
    """Return the lines of a file."""
    cells = (
        (grant.who, grant.does, grant.what, " ".join(grant.actions)) for grant in sorted(grants)
    )
    return "".join(f"{' | '.join(filter(None, cell))}\n" for cell in cells)


def read(name: str) -> list[Grant]:
    """Return the rights of a file."""
    lines = (line.split(" | ") for line in (FOLDER / f"{name}.txt").read_text().splitlines())
    return [
        Grant(who=who, does=does, what=what, actions=tuple(" ".join(actions).split()))
        for who, does, what, *actions in lines
    ]


def main() -> None:
    """Write the rights of all environments, and of production with every option."""
    for name, settings in {
        **{name: settings_of(name) for name in ENVIRONMENTS},
        EVERY: every_option(),
    }.items():
        with TemporaryDirectory() as outdir:
            synthesize(settings, outdir=Path(outdir), policies=False, assets=False)
            grants = granted(settings, Path(outdir, f"assembly-{settings.name}"))
            output.report(FOLDER / f"{name}.txt", text_of_grants(grants))


if __name__ == "__main__":
    run_command(main)
