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
from tools.model.templates import ASSET, HASH, Template, templates_in, without_hashes

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


def with_assets_of(now: dict[str, Template], before: dict[str, Template]) -> dict[str, Template]:
    """Return the last release's templates with assets that an emulator can deploy.

    An asset is that of the same resource today, or of another resource of its type.
    """
    return {
        stack: _with_assets(template, now[stack], _by_type(now))
        for stack, template in before.items()
    }


def _by_type(templates: dict[str, Template]) -> dict[str, str]:
    """Return the hash of an asset by type of resource."""
    found: dict[str, str] = {}
    for template in templates.values():
        for resource in template["Resources"].values():
            for asset in HASH.findall(json.dumps(resource)):
                found.setdefault(resource["Type"], asset)
    return found


def _with_assets(template: Template, now: Template, by_type: dict[str, str]) -> Template:
    resources = {}
    for id_, resource in template["Resources"].items():
        text = json.dumps(resource)
        today = iter(HASH.findall(json.dumps(now["Resources"].get(id_, {}))))
        while ASSET in text:
            text = text.replace(ASSET, next(today, by_type.get(resource["Type"], "0" * 64)), 1)
        resources[id_] = json.loads(text)
    return {**template, "Resources": resources}


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
