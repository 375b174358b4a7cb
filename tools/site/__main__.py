"""Build of the documentation site: `python -m tools.site`."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from spotmusic_cdk.command_line import run_command
from tools.site import pages, reference

ROOT = Path(__file__).parents[2]
ZENSICAL = ROOT / ".tools" / "site" / "bin" / "zensical"
SCRIPTS = {
    pages.MERMAID: "@mermaid-js/tiny/dist/mermaid.tiny.js",
    Path("scripts/iframe-worker.js"): "iframe-worker/shim/index.js",
}
"""Scripts that a site would load from other hosts, in node_modules."""
_REQUEST = re.compile(
    r"(?:<(?!a\b)\w+\b[^>]*?\b(?:href|src|srcset)=\"?|\burl\([\"']?)((?:https?:)?//[^\s\"'>)]+)"
)
"""Attribute or style with an address on another host, except for links."""
_FAULT = re.compile(r"^griffe: (.+)$", flags=re.MULTILINE)
"""Faults of docstrings that Zensical does not report as warnings."""
_COLOUR = re.compile(r"\x1b\[[\d;]*m")


def write_sources(folder: Path) -> None:
    """Write pages and configuration."""
    shutil.rmtree(folder, ignore_errors=True)
    pages.write(ROOT, folder / "pages")
    api = folder / "pages" / "reference"
    api.mkdir()
    for name, text in reference.pages(ROOT).items():
        (api / f"{name}.md").write_text(text)
    config = configuration(folder / "pages")
    (folder / "mkdocs.yml").write_text(yaml.safe_dump(config, sort_keys=False))


def configuration(folder: Path) -> dict[str, Any]:
    """Return the configuration, with pages in place of patterns."""
    config: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "site.yaml").read_text())
    named = {entry for entries in config["nav"].values() for entry in entries}
    nav = []
    for title, entries in config["nav"].items():
        found = [
            str(path.relative_to(folder))
            for entry in entries
            for path in sorted(folder.glob(entry))
        ]
        own = [page for page in dict.fromkeys(found) if page in entries or page not in named]
        named |= set(own)
        nav.append({title: own})
    config["plugins"][-1]["mkdocstrings"]["handlers"]["python"]["paths"] = [
        str(ROOT / "constructs"),
        str(ROOT),
    ]
    return config | {"docs_dir": folder.name, "site_dir": "html", "nav": nav}


def requests(html: Path) -> Iterator[str]:
    """Yield addresses on other hosts that pages and styles load."""
    for file in sorted([*html.rglob("*.html"), *html.rglob("*.css")]):
        yield from (
            f"{file.relative_to(html)}: {address}" for address in _REQUEST.findall(file.read_text())
        )


def build(site: Path, zensical: Path = ZENSICAL) -> str:
    """Build the site. Return the reason if it is unusable, or an empty string."""
    if not zensical.exists():
        return f"{zensical} does not exist. Run make docs, which installs it."
    folder = site.with_name(f"{site.name}.sources")
    write_sources(folder)
    for script, source in SCRIPTS.items():
        (folder / "pages" / script).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / "node_modules" / source, folder / "pages" / script)
    config = str(folder / "mkdocs.yml")
    command = [str(zensical), "build", "--strict", "--clean", "--config-file", config]
    run = subprocess.run(  # noqa: S603 - made above
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if run.returncode:
        return _COLOUR.sub("", run.stdout).partition("Traceback")[0].rstrip()
    if faults := _FAULT.findall(run.stdout):
        return "\n".join(["Docstrings:", *faults])
    if loaded := [*requests(folder / "html")]:
        return "Pages load from other hosts:\n" + "\n".join(loaded)
    shutil.rmtree(site, ignore_errors=True)
    (folder / "html").rename(site)
    shutil.rmtree(folder)
    return ""


def main() -> int:
    """Build the site and print the path of its first page."""
    site = ROOT / ".local" / "site"
    if reason := build(site):
        print(reason, file=sys.stderr)
        return 1
    print(
        f"{site.relative_to(ROOT)}/index.html: {len([*site.rglob('*.html')])} pages. "
        "Open it in a browser; it needs no server."
    )
    return 0


if __name__ == "__main__":
    run_command(main)
