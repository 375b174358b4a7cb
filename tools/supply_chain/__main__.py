"""`python -m tools.supply_chain sbom|outdated`: components of the platform and their support."""

import argparse
import json
from datetime import date
from pathlib import Path

from spotmusic_cdk import output
from spotmusic_cdk.command_line import run_command
from spotmusic_cdk.settings import Settings, environments_in
from tools.quiet_settings import settings_of
from tools.supply_chain.bill_of_materials import bill_of_materials
from tools.supply_chain.outdated import report

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ROOT / "environments"


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: command line without the program's name; None takes the process's.

    Returns:
        0, or 1 if a component in use has reached its end of support.
    """
    options = _parser().parse_args(arguments)
    if options.command == "sbom":
        text = bill_of_materials(ROOT, environments())
        output.write(options.output, text)
        print(f"{options.output}: CycloneDX 1.6, {len(json.loads(text)['components'])} components")
        return 0
    text, ended = report(ROOT, environments(), today=options.today, offline=options.offline)
    print(text)
    return 1 if ended else 0


def environments() -> list[Settings]:
    """Return the settings of every environment."""
    return [settings_of(name, ENVIRONMENTS) for name in environments_in(ENVIRONMENTS)]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a day. Write year, month and day, such as 2026-11-24."
        ) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.supply_chain", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    sbom = commands.add_parser("sbom", help="write the software bill of materials")
    sbom.add_argument("--output", type=Path, default=ROOT / "bom.cdx.json")
    outdated = commands.add_parser("outdated", help="list newer releases and ends of support")
    outdated.add_argument(
        "--today", type=_day, required=True, help="reference day, such as 2026-11-24"
    )
    outdated.add_argument(
        "--offline", action="store_true", help="do not query registries for newer releases"
    )
    return parser


if __name__ == "__main__":
    run_command(main)
