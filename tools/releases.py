"""Templates of the last release, the start of an update; written by `make release-templates`.

Hashes of assets are removed, because they change with every upgrade of a library.
"""

import gzip
import json
import tempfile
import tomllib
from functools import cache
from pathlib import Path

from spotmusic_cdk.command_line import run_command
from tools.checkout import ROOT, settings_of, synthesize
from tools.model.templates import Template, templates_in, without_hashes

FOLDER = ROOT / "tests" / "releases"
ENVIRONMENTS = ("dev", "prod")


def versions() -> list[str]:
    """Return the kept releases, oldest first."""
    kept = [
        folder.name
        for folder in FOLDER.iterdir()
        if folder.is_dir() and (folder / "prod.json.gz").exists()
    ]
    return sorted(kept, key=lambda version: tuple(map(int, version.split("."))))


def checkout_version() -> str:
    """Return the version of the checkout."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


@cache
def previous(environment: str) -> dict[str, Template]:
    """Return the templates of the last release by stack."""
    text = gzip.decompress((FOLDER / versions()[-1] / f"{environment}.json.gz").read_bytes())
    templates: dict[str, Template] = json.loads(text)
    return templates


def write(version: str, environment: str, templates: dict[str, Template]) -> Path:
    """Write the templates of an environment; equal templates give equal bytes."""
    file = FOLDER / version / f"{environment}.json.gz"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(
        gzip.compress(json.dumps(without_hashes(templates), sort_keys=True).encode(), mtime=0)
    )
    return file


def main() -> None:
    """Write the templates of the checkout as a new release, and the schemas of its events."""
    for environment in ENVIRONMENTS:
        with tempfile.TemporaryDirectory() as folder:
            synthesize(settings_of(environment), outdir=Path(folder), policies=False)
            file = write(
                checkout_version(),
                environment,
                templates_in(Path(folder) / f"assembly-{environment}"),
            )
        print(f"{file.stat().st_size:>9} bytes  {file}")
    schemas = {
        file.name.removesuffix(".schema.json"): json.loads(file.read_text())
        for file in sorted((ROOT / "events").glob("*.schema.json"))
    }
    released = ROOT / "tests" / "contracts" / "released_events.json"
    released.write_text(json.dumps(schemas, indent=2, ensure_ascii=False) + "\n")
    print(f"{released.stat().st_size:>9} bytes  {released}")


if __name__ == "__main__":
    run_command(main)
