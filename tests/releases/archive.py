"""The templates of the last release, kept as data: what an update starts from.

`make release-templates` writes those of the checkout as a new release. Hashes of assets are taken out, for they say nothing about a
resource and move with every upgrade of a library.
"""

import gzip
import json
import re
import tomllib
from functools import cache
from pathlib import Path

from tests.conftest import ROOT, Template
from tools.changes.assembly import ASSET, without_hashes

FOLDER = Path(__file__).parent
ENVIRONMENTS = ("dev", "prod")
_HASH = re.compile(r"[0-9a-f]{64}")


def versions() -> list[str]:
    """The releases that are kept, oldest first."""
    kept = [folder.name for folder in FOLDER.iterdir() if folder.is_dir() and (folder / "prod.json.gz").exists()]
    return sorted(kept, key=lambda version: tuple(map(int, version.split("."))))


def checkout_version() -> str:
    """The version that the checkout will be released as."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


@cache
def previous(environment: str) -> dict[str, Template]:
    """The templates of the last release by stack."""
    text = gzip.decompress((FOLDER / versions()[-1] / f"{environment}.json.gz").read_bytes())
    templates: dict[str, Template] = json.loads(text)
    return templates


def write(version: str, environment: str, templates: dict[str, Template]) -> Path:
    """Keeps the templates of an environment; the same templates make the same bytes."""
    file = FOLDER / version / f"{environment}.json.gz"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(gzip.compress(json.dumps(without_hashes(templates), sort_keys=True).encode(), mtime=0))
    return file


def with_assets_of(now: dict[str, Template], before: dict[str, Template]) -> dict[str, Template]:
    """The last release's templates with assets that exist: those of the same resource today, or of another of its type.

    An emulator deploys them so; the code of a function is not what an update is asked about.
    """
    return {stack: _with_assets(template, now[stack], _by_type(now)) for stack, template in before.items()}


def _by_type(templates: dict[str, Template]) -> dict[str, str]:
    """A hash of some asset by type of resource."""
    found: dict[str, str] = {}
    for template in templates.values():
        for resource in template["Resources"].values():
            for asset in _HASH.findall(json.dumps(resource)):
                found.setdefault(resource["Type"], asset)
    return found


def _with_assets(template: Template, now: Template, by_type: dict[str, str]) -> Template:
    resources = {}
    for id_, resource in template["Resources"].items():
        text = json.dumps(resource)
        today = iter(_HASH.findall(json.dumps(now["Resources"].get(id_, {}))))
        while ASSET in text:
            text = text.replace(ASSET, next(today, by_type.get(resource["Type"], "0" * 64)), 1)
        resources[id_] = json.loads(text)
    return {**template, "Resources": resources}
